import { newId } from '@penguinmails/contracts';
import { awayFromMidnight } from '@penguinmails/testing/events';
import { type Bench, WITHIN_MS, type Wish } from './bench.ts';
import { holds, type Rule, same } from './rule.ts';

/** What is held back, and how. */
interface Pause {
  readonly name: string;
  /** Pauses the lane of that tenant and mailbox, in one statement. */
  readonly on: (bench: Bench, tenantId: string, mailbox: string) => Promise<unknown>;
  readonly off: string;
  /** Another mailbox of the tenant goes on, and another tenant. */
  readonly sparesMailbox: boolean;
  readonly sparesTenant: boolean;
}

const pauses: readonly Pause[] = [
  {
    name: 'a paused type',
    on: (bench) =>
      bench.rows(`INSERT INTO queue_controls (job_type, paused, reason)
        VALUES ('send_email', true, 'verify')`),
    off: 'UPDATE queue_controls SET paused = false',
    sparesMailbox: false,
    sparesTenant: false,
  },
  {
    name: 'a paused tenant',
    on: (bench, tenantId) =>
      bench.rows(`INSERT INTO lane_pauses (tenant_id) VALUES ($1)`, [tenantId]),
    off: 'DELETE FROM lane_pauses',
    sparesMailbox: false,
    sparesTenant: true,
  },
  {
    name: 'a paused mailbox',
    on: (bench, tenantId, mailbox) =>
      bench.rows(`INSERT INTO lane_pauses (tenant_id, rate_key) VALUES ($1, $2)`, [
        tenantId,
        mailbox,
      ]),
    off: 'DELETE FROM lane_pauses',
    sparesMailbox: true,
    sparesTenant: true,
  },
];

const times = (count: number, wish: Wish): Wish[] => Array.from({ length: count }, () => wish);

/** Every replica knows the lanes and has read in them; from the pause's commit on nothing is given. */
function pauseRule({ name, on, off, sparesMailbox, sparesTenant }: Pause): Rule {
  return {
    name: `${name} gives nothing from the commit on, and loses nothing`,
    isHasty: true,
    async check(bench) {
      const [tenantId, other, mailbox, second] = [newId(), newId(), newId(), newId()];
      const held = await bench.put(times(40, { tenantId, mailbox }));
      const begun = await bench.takeAtOnce(3, 1);
      holds(begun.length > 0, 'nothing before the pause');
      await on(bench, tenantId, mailbox);
      same((await bench.takeAtOnce(5, 2)).length, 0, 'jobs during the pause');
      await bench.put(times(6, { tenantId, mailbox: second }));
      await bench.put(times(6, { tenantId: other }));
      const due = 6 * (Number(sparesMailbox) + Number(sparesTenant));
      const spared = [...(await bench.take(due, WITHIN_MS)), ...(await bench.take(1, 700))];
      same(
        [
          spared.filter((job) => job.tenantId === other).length,
          spared.filter((job) => job.tenantId === tenantId).length,
        ],
        [sparesTenant ? 6 : 0, sparesMailbox ? 6 : 0],
        'jobs of another tenant, of another mailbox',
      );
      await bench.rows(off);
      const left = 40 - begun.length + 12 - spared.length;
      const all = [...begun, ...spared, ...(await bench.take(left, WITHIN_MS))];
      same(new Set(all.map(({ id }) => id)).size, 52, 'jobs in all');
      holds(
        held.every((id) => all.some((job) => job.id === id)),
        'a job of the pause was lost',
      );
    },
  };
}

const limit = (bench: Bench, tenantId: string, key: string, values: object): Promise<unknown> =>
  bench.rows(
    `INSERT INTO rate_limits (tenant_id, limit_key, per_minute, per_day)
     VALUES ($1, $2, $3, $4)`,
    [tenantId, key, 'minute' in values ? values.minute : null, 'day' in values ? values.day : null],
  );

/** Twelve or so leases at the same moment, three times over. */
async function scramble(bench: Bench): Promise<number> {
  let count = 0;
  for (let wave = 0; wave < 3; wave += 1)
    count += (await bench.takeAtOnce(40, Math.ceil(12 / bench.replicas.length))).length;
  return count;
}

const limitRules: readonly Rule[] = [
  {
    name: "a mailbox's limit per day is exact",
    async check(bench) {
      const [tenantId, mailbox] = [newId(), newId()];
      await awayFromMidnight();
      await limit(bench, tenantId, `mailbox:${mailbox}`, { day: 7 });
      await bench.put(times(120, { tenantId, mailbox }));
      // The bucket is there when they all ask: making it would serialize them.
      same((await bench.take(1, WITHIN_MS)).length, 1, 'first');
      same(await scramble(bench), 6, 'jobs');
    },
  },
  {
    name: "a tenant's limit per day is exact over its mailboxes",
    async check(bench) {
      const tenantId = newId();
      await awayFromMidnight();
      await limit(bench, tenantId, 'tenant', { day: 9 });
      const mailboxes = [newId(), newId()];
      await bench.put(mailboxes.flatMap((mailbox) => times(60, { tenantId, mailbox })));
      same((await bench.take(1, WITHIN_MS)).length, 1, 'first');
      same(await scramble(bench), 8, 'jobs');
    },
  },
  {
    name: "a mailbox's limit per minute is a burst and a steady flow",
    isHasty: true,
    async check(bench) {
      const [tenantId, mailbox] = [newId(), newId()];
      await limit(bench, tenantId, `mailbox:${mailbox}`, { minute: 120 });
      await bench.put(times(60, { tenantId, mailbox }));
      const startedAt = performance.now();
      let count = await scramble(bench);
      holds(count >= 6, `${count} at once`);
      count += (await bench.take(60, 1_500)).length;
      const most = 6 + Math.ceil((1.917 * (performance.now() - startedAt)) / 1_000);
      holds(count > 6 && count <= most, `${count} jobs; at most ${most}`);
    },
  },
  {
    name: "a recipient domain's limit puts jobs off and lets others by",
    isHasty: true,
    async check(bench) {
      const [tenantId, mailbox] = [newId(), newId()];
      await limit(bench, tenantId, 'domain:slow', { minute: 60 });
      await bench.put(times(30, { tenantId, mailbox, domain: 'slow' }));
      await bench.put(times(5, { tenantId, mailbox, domain: 'quick' }));
      const startedAt = performance.now();
      const count = await scramble(bench);
      const off = await bench.rows(
        `SELECT count(*)::int AS jobs, count(DISTINCT scheduled_at)::int AS slots FROM job_queue
         WHERE limited_by = 'recipient_domain' AND scheduled_at > now()`,
      );
      // Each second one more may go.
      const seconds = Math.ceil((performance.now() - startedAt) / 1_000);
      holds(count >= 8 && count <= 9 + seconds, `${count} jobs instead of 3 and 5`);
      const jobs = Number(off[0]?.['jobs']);
      holds(jobs >= 26 - seconds && jobs <= 27, `${jobs} put off`);
      same(off[0]?.['slots'], jobs, 'slots');
    },
  },
];

export const holdRules: readonly Rule[] = [...pauses.map(pauseRule), ...limitRules];
