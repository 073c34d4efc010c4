import { newId } from '@penguinmails/contracts';
import { NotInTime, until } from '../../until.ts';
import { type Bench, type TakenJob, WITHIN_MS } from './bench.ts';
import { holds, type Rule, same } from './rule.ts';

/** Gauges are counted once in 5 s. */
const SEEN_WITHIN_MS = 60_000;

type Labels = Readonly<Record<string, string>>;

/** A metric of one page of /metrics: the sum of its samples that have the labels. */
function sumOf(page: string, name: string, labels: Labels): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const samples = page
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && wanted.every((one) => line.includes(one)));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf('}') + 1)), 0);
}

async function pagesOf({ metricsUrls }: Bench): Promise<string[]> {
  const read = async (url: string) =>
    (await fetch(url, { signal: AbortSignal.timeout(30_000) })).text();
  return Promise.all(metricsUrls.map(read));
}

/** Time to come true; what is seen then is the caller's to judge. */
async function give(isSeen: () => Promise<boolean>): Promise<void> {
  try {
    await until('metrics', isSeen, SEEN_WITHIN_MS);
  } catch (error) {
    if (!(error instanceof NotInTime)) throw error;
  }
}

const TYPE = { penguinmails_job_type: 'send_email' };

/** Of all replicas together. */
async function counted(bench: Bench): Promise<readonly number[]> {
  const pages = await pagesOf(bench);
  const total = (name: string, labels: Labels = {}) =>
    pages.reduce(
      (sum, page) => sum + sumOf(page, `penguinmails_${name}_total`, { ...TYPE, ...labels }),
      0,
    );
  return [
    total('jobs_leased'),
    total('jobs_finished', { outcome: 'delivered' }),
    total('jobs_finished', { outcome: 'deferred' }),
    total('leases_expired'),
    total('jobs_finished', { outcome: 'lease_lost' }),
  ];
}

/** Whoever leased it is taken to have died as often as its type bears. */
async function loseLastLease(bench: Bench, { id }: TakenJob): Promise<void> {
  await bench.rows(
    `UPDATE job_queue SET lease_losses = $2, lease_expires_at = now() - interval '1 minute'
     WHERE id = $1`,
    [id, bench.limits.leaseLossLimit - 1],
  );
  await until('it was buried', async () => (await bench.row(id)) === undefined, SEEN_WITHIN_MS);
}

export const metricRules: readonly Rule[] = [
  {
    name: 'every replica tells depth and oldest age, by type and by tenant',
    async check(bench) {
      const tenantId = newId();
      await bench.put([{ tenantId, inMs: -90_000 }, { tenantId }, { tenantId, inMs: 600_000 }]);
      const tenant = { penguinmails_tenant_id: tenantId };
      const gauges = (page: string) => [
        sumOf(page, 'penguinmails_queue_depth', { ...TYPE, state: 'ready' }),
        sumOf(page, 'penguinmails_queue_depth', { ...TYPE, state: 'scheduled' }),
        sumOf(page, 'penguinmails_queue_oldest_age', TYPE) >= 90,
        sumOf(page, 'penguinmails_queue_tenant_depth', tenant),
        sumOf(page, 'penguinmails_queue_tenant_oldest_age', tenant) >= 90,
      ];
      const told = [2, 1, true, 2, true];
      let seen: unknown[] = [];
      const isTold = async () => {
        seen = (await pagesOf(bench)).map(gauges);
        return seen.every((one) => JSON.stringify(one) === JSON.stringify(told));
      };
      await give(isTold);
      same(
        seen,
        bench.replicas.map(() => told),
        'gauges',
      );
    },
  },
  {
    name: 'what was leased, what tries came to and which leases ran out is counted',
    async check(bench) {
      const before = await counted(bench);
      await bench.put(Array.from({ length: 4 }, () => ({ tenantId: newId() })));
      const [good, late, lost, fatal] = await bench.take(4, WITHIN_MS);
      if (!good || !late || !lost || !fatal) return holds(false, 'not leased');
      await bench.finish([good], 'delivered');
      await bench.finish([late], 'deferred');
      await bench.loseLease(lost);
      await loseLastLease(bench, fatal);
      const more = async () => (await counted(bench)).map((count, at) => count - (before[at] ?? 0));
      const wanted = [4, 1, 1, 2, 1];
      await give(async () => JSON.stringify(await more()) === JSON.stringify(wanted));
      same(await more(), wanted, 'counted');
    },
  },
];
