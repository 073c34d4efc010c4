import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@penguinmails/contracts';
import { withClient } from '../../../stack/postgres/query.ts';
import { WITHIN_MS } from './bench.ts';
import { holds, type Rule, same } from './rule.ts';

/** More than can be handed out before the replicas have noticed another tenant. */
const MANY = 12_000;
const FEW = 100;
const AT_ONCE = 200;

export const orderRules: readonly Rule[] = [
  {
    name: 'jobs of a tenant run by priority, scheduled_at, id',
    async check(bench) {
      const tenantId = newId();
      const wishes = Array.from({ length: 45 }, (_, n) => ({
        ...{ tenantId, priority: 5 * (n % 3), inMs: -1_000 * ((n * 7) % 5) - 1_000 },
      }));
      const ids = await bench.put(wishes);
      const expected = await bench.rows(
        'SELECT id FROM job_queue WHERE id = ANY ($1) ORDER BY priority DESC, scheduled_at, id',
        [ids],
      );
      const taken = await bench.take(ids.length, WITHIN_MS, 7);
      const order = taken.map(({ id }) => id);
      same(
        order,
        expected.map(({ id }) => id),
        'order',
      );
    },
  },
  {
    name: 'a tenant with many jobs does not hold up another',
    isHasty: true,
    async check(bench) {
      const [many, few] = [newId(), newId()];
      await bench.put(Array.from({ length: MANY }, () => ({ tenantId: many })));
      await bench.take(bench.replicas.length, WITHIN_MS, 1);
      await bench.put(Array.from({ length: FEW }, () => ({ tenantId: few })));
      const startedAt = performance.now();
      let [before, own] = [0, 0];
      while (own < FEW && before < MANY) {
        const jobs = await bench.lease(AT_ONCE, 500);
        own += jobs.filter(({ tenantId }) => tenantId === few).length;
        before += jobs.length;
      }
      const ms = Math.round(performance.now() - startedAt);
      holds(own === FEW, `${before} jobs were handed out for ${own} of ${FEW}`);
      holds(ms <= 5_000, `${ms} ms`);
    },
  },
  {
    name: 'a scheduled job begins at its time and not before',
    isHasty: true,
    async check(bench) {
      const [id = ''] = await bench.put([{ tenantId: newId(), inMs: 3_000 }]);
      same(await bench.takeAtOnce(5, 1), [], 'before its time');
      const taken = await bench.take(1, WITHIN_MS);
      same(
        taken.map((job) => job.id),
        [id],
        'at its time',
      );
      const [row] = await bench.rows(
        `SELECT extract(epoch FROM started_at - scheduled_at)::float8 AS late
         FROM job_queue WHERE id = $1`,
        [id],
      );
      const late = Number(row?.['late']);
      holds(late >= 0 && late <= 1, `begun ${late} s after its time`);
    },
  },
  {
    name: "a row with only the seed's columns is executed",
    async check(bench) {
      const tenantId = newId();
      await withClient(bench.appUrl, async (client) => {
        await client.query(`SELECT set_config('app.current_tenant_id', $1, false)`, [tenantId]);
        await client.query(
          `INSERT INTO job_queue (job_type, payload, priority, status, max_attempts, scheduled_at)
           VALUES ('send_email', '{}', 5, 'pending', 3, NOW())`,
        );
      });
      const taken = await bench.take(1, WITHIN_MS);
      same(
        taken.map((job) => job.tenantId),
        [tenantId],
        'tenants',
      );
      const { accepted } = await bench.finish(taken, 'delivered');
      same(
        accepted,
        taken.map(({ id }) => id),
        'accepted',
      );
      const rows = await bench.rows('SELECT status, outcome FROM job_history WHERE id = $1', [
        taken[0]?.id,
      ]);
      same(rows, [{ status: 'completed', outcome: 'delivered' }], 'history');
    },
  },
  {
    name: 'a job is handed out once, however many ask',
    async check(bench) {
      const tenants = [newId(), newId(), newId()];
      const wishes = Array.from({ length: 300 }, (_, n) => ({ tenantId: tenants[n % 3] ?? '' }));
      const ids = await bench.put(wishes);
      const taken = [];
      for (let wave = 0; wave < 8 && taken.length < ids.length; wave += 1)
        taken.push(...(await bench.takeAtOnce(20, 3)));
      taken.push(...(await bench.take(ids.length - taken.length, WITHIN_MS)));
      const once = new Set(taken.map(({ id }) => id));
      same([taken.length, once.size], [ids.length, ids.length], 'handed out, of them different');
    },
  },
  {
    name: 'who waits is woken at once, at another replica too',
    isHasty: true,
    async check(bench) {
      await bench.put([{ tenantId: newId() }]);
      const [first = '', ...others] = bench.replicas;
      const mine = await bench.lease(1, 1_900, first);
      const waiting = bench.lease(1, 1_900, others.at(-1) ?? first);
      await delay(400);
      const at = performance.now();
      await bench.finish(mine, 'returned', first);
      const woken = await waiting;
      const ms = Math.round(performance.now() - at);
      same(
        woken.map(({ id }) => id),
        mine.map(({ id }) => id),
        'woken with',
      );
      holds(ms <= 1_000, `woken after ${ms} ms`);
    },
  },
];
