import { noFencing } from '../../chaos/mutants/changes.ts';
import type { SourceChange } from '../../mutants/source-change.ts';

/** A guard of the queue taken away, and the part of the short run that must notice. */
export interface Mutant {
  readonly name: string;
  /** The rules, or the round of this name. */
  readonly noticedBy: 'rules' | 'workers' | 'queue';
  readonly changes: readonly SourceChange[];
}

const LANES = 'apps/queue/dist/lane/lane.system.repository.js';

const bucketsUnlocked: SourceChange = {
  file: 'apps/queue/dist/limit/limit.system.repository.js',
  find: 'const { rows } = await tx.query(REFILL, [...keys, bursts, refills]);',
  replace: `const { rows } = await tx.query(
    \`SELECT b.tenant_id AS "tenantId", b.limit_key AS key, least(l.burst, b.tokens + l.per_second
        * greatest(0, extract(epoch FROM now() - b.refilled_at)::float8)) AS tokens,
      b.used_today AS "usedToday", b.day::text,
      greatest(0, extract(epoch FROM b.reserved_until - now())::float8 * 1000) AS "reservedForMs",
      3600000::float8 AS "dayEndsInMs"
    FROM unnest($1::uuid[], $2::text[], $3::float8[], $4::float8[])
      AS l(tenant_id, limit_key, burst, per_second)
    JOIN rate_buckets b ON b.tenant_id = l.tenant_id AND b.limit_key = l.limit_key\`,
    [...keys, bursts, refills]);`,
};

export const mutants: readonly Mutant[] = [
  { name: 'results without fence', noticedBy: 'rules', changes: noFencing },
  { name: 'results without fence, under faults', noticedBy: 'workers', changes: noFencing },
  {
    name: 'heartbeats without fence',
    noticedBy: 'rules',
    changes: [
      {
        file: 'apps/queue/dist/lease/lease.system.repository.js',
        find: 'AND j.id = h.id AND j.lease_token = h.lease_token',
        replace: 'AND j.id = h.id',
      },
    ],
  },
  {
    name: 'lease longer than the run',
    noticedBy: 'workers',
    changes: [
      {
        file: LANES,
        find: `lease_expires_at = now() + $9 * interval '1 millisecond'`,
        replace: `lease_expires_at = now() + $9 * interval '1 second'`,
      },
    ],
  },
  {
    name: 'an outage of the queue ages leases',
    noticedBy: 'queue',
    changes: [
      {
        file: 'apps/queue/dist/rescue/rescue.system.repository.js',
        find: 'await tx.query(EXTEND, [...keyColumns(rows), outageMs]);',
        replace: '',
      },
    ],
  },
  {
    name: 'a claim takes what runs already',
    noticedBy: 'rules',
    changes: [
      {
        file: LANES,
        find: `WHERE q.status = 'pending' AND q.tenant_id = l.tenant_id`,
        replace: 'WHERE q.tenant_id = l.tenant_id',
      },
      { file: LANES, find: 'FOR UPDATE SKIP LOCKED', replace: '' },
    ],
  },
  {
    name: 'a claim does not look for pauses',
    noticedBy: 'rules',
    changes: [
      {
        file: LANES,
        find: `WHERE NOT EXISTS (SELECT FROM queue_controls c WHERE c.job_type = l.job_type AND c.paused)
    AND NOT EXISTS (SELECT FROM lane_pauses p WHERE p.tenant_id = l.tenant_id AND p.rate_key = '')
    AND NOT EXISTS (
      SELECT FROM lane_pauses p WHERE p.tenant_id = l.tenant_id AND p.rate_key = l.rate_key)`,
        replace: 'WHERE true',
      },
    ],
  },
  { name: 'buckets are not locked', noticedBy: 'rules', changes: [bucketsUnlocked] },
  {
    name: 'first come, first served',
    noticedBy: 'rules',
    changes: [
      {
        file: 'apps/queue/dist/lane/share-out.js',
        find: 'most: Math.floor(max / some.length) + (at < max % some.length ? 1 : 0),',
        replace: 'most: at === 0 ? max : 0,',
      },
      {
        file: 'apps/queue/dist/lane/lane-directory.js',
        find: 'served.forEach(({ tenantId }) => this.toTheEnd(tenantId));',
        replace: '',
      },
    ],
  },
];

/** @throws Error that names the known ones */
export function mutantNamed(name: string): Mutant {
  const found = mutants.find((mutant) => mutant.name === name);
  if (found) return found;
  throw new Error(`no mutant "${name}"; ${mutants.map((one) => one.name).join(', ')}`);
}
