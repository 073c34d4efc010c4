import { newId, newStorageKey } from '@penguinmails/contracts';
import type pg from 'pg';
import type { SeededRandom } from '../messaging/seeded-random.ts';
import type { JobPlan } from './worker/job-plan.ts';

const TENANTS = 6;
const MAILBOXES = 3;
const WORK_MS = 21;
const MAX_ATTEMPTS = 12;
const FEW_ATTEMPTS = 3;

/** One row of job_queue. */
export interface NewJob {
  readonly tenantId: string;
  readonly id: string;
  readonly priority: number;
  readonly rateKey: string;
  readonly maxAttempts: number;
  readonly plan: JobPlan;
}

/** Jobs of several tenants, mailboxes and priorities; a share is slow, deferred, bounced, or dies. */
export function newJobs(count: number, slowMs: number, random: SeededRandom): NewJob[] {
  const tenants = Array.from({ length: TENANTS }, newId);
  const mailboxes = new Map(
    tenants.map((id) => [id, Array.from({ length: MAILBOXES }, newId)] as const),
  );
  return Array.from({ length: count }, (_, n) => {
    const tenantId = random.pick(tenants);
    const rateKey = random.pick(mailboxes.get(tenantId) ?? []);
    return newJob({ tenantId, rateKey, slowMs, n }, random);
  });
}

interface Place {
  readonly tenantId: string;
  readonly rateKey: string;
  readonly slowMs: number;
  readonly n: number;
}

function newJob({ tenantId, rateKey, slowMs, n }: Place, random: SeededRandom): NewJob {
  const isSlow = n % 50 === 7;
  const neverDone = n % 200 === 13;
  const plan: JobPlan = {
    work_ms: isSlow ? slowMs : random.below(WORK_MS),
    slow: isSlow,
    defers: neverDone ? FEW_ATTEMPTS : Number(random.below(10) === 0),
    ends: random.below(10) === 0 ? 'bounced' : 'delivered',
    poison: false,
  };
  const maxAttempts = neverDone ? FEW_ATTEMPTS : MAX_ATTEMPTS;
  return { tenantId, id: newId(), priority: 5 * random.below(3), rateKey, maxAttempts, plan };
}

const INSERT = `
INSERT INTO job_queue (tenant_id, id, job_type, payload, priority, rate_key, max_attempts)
SELECT j.tenant_id, j.id, 'send_email',
  jsonb_build_object('mailbox_id', j.rate_key, 'storage_key', j.storage_key, 'plan', j.plan),
  j.priority, j.rate_key, j.max_attempts
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::int[], $6::jsonb[], $7::text[])
  AS j(tenant_id, id, priority, rate_key, max_attempts, plan, storage_key)`;

/** By plain SQL: who enqueues is not under test. */
export async function putIn(admin: pg.Pool, jobs: readonly NewJob[]): Promise<void> {
  await admin.query(INSERT, [
    jobs.map((job) => job.tenantId),
    jobs.map((job) => job.id),
    jobs.map((job) => job.priority),
    jobs.map((job) => job.rateKey),
    jobs.map((job) => job.maxAttempts),
    jobs.map((job) => JSON.stringify(job.plan)),
    jobs.map(() => newStorageKey()),
  ]);
}
