import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@penguinmails/contracts';
import { WITHIN_MS } from './bench.ts';
import { holds, type Rule, same } from './rule.ts';

const ids = (jobs: readonly { id: string }[]): string[] => jobs.map(({ id }) => id);

export const leaseRules: readonly Rule[] = [
  {
    name: 'a heartbeat renews a lease, and only then it lives on',
    isHasty: true,
    async check(bench) {
      const { leaseMs } = bench.limits;
      await bench.put([{ tenantId: newId() }, { tenantId: newId() }]);
      const [kept, dropped] = await bench.take(2, WITHIN_MS);
      holds(kept !== undefined && dropped !== undefined, 'not leased');
      if (!kept || !dropped) return;
      const until = performance.now() + leaseMs + 1_300;
      while (performance.now() < until) {
        same(await bench.heartbeat([kept]), [], 'lost');
        await delay(leaseMs / 5);
      }
      const [row, other] = [await bench.row(kept.id), await bench.row(dropped.id)];
      same([row?.['lease_losses'], other?.['lease_losses']], [0, 1], 'lost leases');
      same((await bench.finish([kept], 'delivered')).accepted, [kept.id], 'accepted');
    },
  },
  {
    name: 'a stale heartbeat renews nothing',
    async check(bench) {
      await bench.put([{ tenantId: newId() }]);
      const [stale] = await bench.take(1, WITHIN_MS);
      if (!stale) return holds(false, 'not leased');
      await bench.loseLease(stale);
      const [held] = await bench.take(1, WITHIN_MS);
      same(held?.id, stale.id, 'leased again');
      // So that renewing it, to some seconds from now, cannot hit the same millisecond.
      await bench.rows(
        `UPDATE job_queue SET lease_expires_at = lease_expires_at + interval '1 hour'
         WHERE id = $1`,
        [stale.id],
      );
      const before = (await bench.row(stale.id))?.['lease_expires_at'];
      same(await bench.heartbeat([stale]), [stale.id], 'lost');
      same((await bench.row(stale.id))?.['lease_expires_at'], before, 'end of the lease');
    },
  },
  {
    name: 'a stale result has no effect, the holder goes on',
    async check(bench) {
      await bench.put(Array.from({ length: 2 }, () => ({ tenantId: newId() })));
      const stale = await bench.take(2, WITHIN_MS);
      for (const job of stale) await bench.loseLease(job);
      const held = await bench.take(2, WITHIN_MS);
      same(ids(held).sort(), ids(stale).sort(), 'leased again');
      same((await bench.finish(stale.slice(0, 1), 'delivered')).accepted, [], 'accepted');
      same((await bench.finish(stale.slice(1), 'deferred')).accepted, [], 'accepted');
      same((await bench.finish(held, 'bounced')).accepted.length, 2, 'of the holder');
      const rows = await bench.rows(
        'SELECT outcome, attempts, lease_losses FROM job_history WHERE id = ANY ($1)',
        [ids(held)],
      );
      const end = { outcome: 'bounced', attempts: 1, lease_losses: 1 };
      same(rows, [end, end], 'history');
    },
  },
  {
    name: 'a deferred job comes again after its wait, as its next try',
    async check(bench) {
      const [id = ''] = await bench.put([{ tenantId: newId() }]);
      await bench.finish(await bench.take(1, WITHIN_MS), 'deferred');
      const row = await bench.row(id);
      same([row?.['attempts'], row?.['status'], row?.['waits']], [1, 'pending', true], 'row');
      const [again] = await bench.take(1, WITHIN_MS);
      same([again?.id, again?.attempt], [id, 2], 'again');
    },
  },
  {
    name: 'a job without tries left is a dead letter with all of them',
    async check(bench) {
      const [id = ''] = await bench.put([{ tenantId: newId(), maxAttempts: 2 }]);
      await bench.finish(await bench.take(1, WITHIN_MS), 'deferred');
      await bench.finish(await bench.take(1, WITHIN_MS), 'deferred');
      const [letter] = await bench.rows(
        `SELECT attempts, error_code, jsonb_array_length(tries) AS tries
         FROM dead_letters WHERE job_id = $1`,
        [id],
      );
      same(letter, { attempts: 2, error_code: 'attempts_exhausted', tries: 2 }, 'letter');
      const ends = await bench.rows('SELECT status, outcome FROM job_history WHERE id = $1', [id]);
      same(ends, [{ status: 'dead', outcome: 'deferred' }], 'history');
    },
  },
  {
    name: 'a job that is given back costs nothing and is ready at once',
    async check(bench) {
      const [id = ''] = await bench.put([{ tenantId: newId() }]);
      await bench.finish(await bench.take(1, WITHIN_MS), 'returned');
      const at = performance.now();
      const [again] = await bench.take(1, WITHIN_MS);
      const ms = Math.round(performance.now() - at);
      same([again?.id, again?.attempt], [id, 1], 'again');
      holds(ms <= 1_000, `ready after ${ms} ms`);
      same(await bench.rows('SELECT FROM job_attempts WHERE job_id = $1', [id]), [], 'tries');
      same((await bench.row(id))?.['lease_losses'], 0, 'lost leases');
    },
  },
];
