import { setTimeout as delay } from 'node:timers/promises';
import { signServiceToken } from '@penguinmails/http';
import { queryOnce } from '../../stack/postgres/query.ts';
import { loadSecrets } from '../../stack/secrets.ts';
import type { RoundSettings } from '../round.ts';
import { untilSettled } from '../settle.ts';
import type { ChaosStack } from '../stack/chaos-stack.ts';
import { sendSome } from './send-some.ts';

const WITHIN_MS = 30_000;
const POLL_MS = 200;

interface Lease {
  lease_token: string;
  jobs: { id: string; tenant_id: string }[];
}

/**
 * Two workers of our own speak the queue's API: the first loses its lease, the second gets the job,
 * and then the first reports. That report must be refused, and the second one's must count.
 */
export async function finishLate(settings: RoundSettings): Promise<string[]> {
  const { stack } = settings;
  const workers = stack.replicasOf('worker');
  await Promise.all(workers.map((part) => stack.tell('stop', part)));
  const { tenants, label } = await sendSome(settings, 'fencing', 1);
  const first = await leaseOne(stack);
  await loseLease(stack, first);
  const second = await leaseOne(stack);
  const late = await finish(stack, first, 'delivered');
  const inTime = await finish(stack, second, 'returned');
  await Promise.all(workers.map((part) => stack.start(part)));
  const { verdict } = await untilSettled(settings, tenants, label, 0);
  return [
    ...(late.refused.length === 1 ? [] : ['stale_finish_accepted: 1']),
    ...(inTime.accepted.length === 1 ? [] : ['finish_refused: 1']),
    ...verdict.violations,
  ];
}

async function leaseOne(stack: ChaosStack): Promise<Lease> {
  const deadline = Date.now() + WITHIN_MS;
  while (Date.now() < deadline) {
    const body = { worker_id: 'chaos', types: ['send_email'], max: 1, wait_ms: 500 };
    const lease = await ask<Lease>(stack, '/internal/leases', body);
    if (lease.jobs.length > 0) return lease;
  }
  throw new Error('the queue gave no job');
}

/** Its time runs out now; the rescuer takes the job back. */
async function loseLease(stack: ChaosStack, { jobs: [job] }: Lease): Promise<void> {
  const { admin_url } = stack.describe().databases.queue;
  const id = [job?.id];
  await queryOnce(
    admin_url,
    `UPDATE job_queue SET lease_expires_at = now() - interval '1 minute' WHERE id = $1`,
    id,
  );
  const pending = `SELECT 1 FROM job_queue WHERE id = $1 AND status = 'pending'`;
  const deadline = Date.now() + WITHIN_MS;
  while ((await queryOnce(admin_url, pending, id)).length === 0) {
    if (Date.now() > deadline) throw new Error('the rescuer did not take the job back');
    await delay(POLL_MS);
  }
}

function finish(stack: ChaosStack, { lease_token, jobs }: Lease, kind: string) {
  const now = new Date().toISOString();
  const nothing = { code: null, enhanced_code: null, error_code: null, reply: null };
  const results = jobs.map(({ id, tenant_id }) => ({
    ...nothing,
    ...{ tenant_id, job_id: id, lease_token, kind, started_at: now, finished_at: now },
  }));
  const body = { worker_id: 'chaos', results };
  return ask<{ accepted: string[]; refused: string[] }>(stack, '/internal/leases:finish', body);
}

async function ask<T>(stack: ChaosStack, path: string, body: object): Promise<T> {
  const { private_key } = loadSecrets(stack.dataDirectory).signing.worker;
  const token = await signServiceToken(
    { issuer: 'worker', privateKey: private_key },
    { audience: 'queue' },
  );
  const answer = await fetch(`${stack.describe().processes.queue?.internal_url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}
