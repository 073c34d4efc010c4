import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { FinishedGroup, GroupAddition, GroupEnd, GroupKey } from './group.js';

const ADD = `
INSERT INTO job_groups AS g (tenant_id, id, kind, total, remaining)
SELECT a.tenant_id, a.id, a.kind, a.count, a.count
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[]) AS a(tenant_id, id, kind, count)
ON CONFLICT (tenant_id, id) DO UPDATE
SET total = g.total + excluded.total, remaining = g.remaining + excluded.remaining
WHERE g.sealed_at IS NULL
RETURNING tenant_id AS "tenantId", id AS "groupId"`;

/**
 * Waits for whoever counts in the same group, and then sees what he left: the last one finds that
 * nothing remains. Counting something twice would break CHECK job_groups_counted.
 */
const END = `
UPDATE job_groups g
SET remaining = g.remaining - e.ended, dead = g.dead + e.dead,
  finished_at = CASE WHEN g.sealed_at IS NOT NULL AND g.remaining = e.ended THEN now() END
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[]) AS e(tenant_id, id, ended, dead)
WHERE g.tenant_id = e.tenant_id AND g.id = e.id
RETURNING g.tenant_id AS "tenantId", g.id AS "groupId", g.kind, g.total, g.dead,
  g.finished_at IS NOT NULL AS finished`;

/** Only the first seal counts; nothing is returned for a later one. */
const SEAL = `
INSERT INTO job_groups AS g (tenant_id, id, kind, sealed_at, finished_at)
VALUES ($1, $2, $3, now(), now())
ON CONFLICT (tenant_id, id) DO UPDATE
SET sealed_at = now(), finished_at = CASE WHEN g.remaining = 0 THEN now() END
WHERE g.sealed_at IS NULL
RETURNING tenant_id AS "tenantId", id AS "groupId", kind, total, dead,
  finished_at IS NOT NULL AS finished`;

/** A group after its numbers changed. */
export interface CountedGroup extends FinishedGroup {
  readonly finished: boolean;
}

/** Statements about groups, over all tenants; to be given each group once, in lock order. */
@Injectable()
export class GroupSystemRepository {
  /** @returns the groups that could be added to: those that are not sealed */
  async add(tx: SystemTransaction, additions: readonly GroupAddition[]): Promise<GroupKey[]> {
    const { rows } = await tx.query<GroupKey>(ADD, [
      additions.map((each) => each.tenantId),
      additions.map((each) => each.groupId),
      additions.map((each) => each.kind),
      additions.map((each) => each.count),
    ]);
    return rows;
  }

  async end(tx: SystemTransaction, ends: readonly GroupEnd[]): Promise<CountedGroup[]> {
    const { rows } = await tx.query<CountedGroup>(END, [
      ends.map((each) => each.tenantId),
      ends.map((each) => each.groupId),
      ends.map((each) => each.ended),
      ends.map((each) => each.dead),
    ]);
    return rows;
  }

  /** @returns the group when this sealed it; undefined: it was sealed before */
  async seal(
    tx: SystemTransaction,
    key: GroupKey,
    kind: string,
  ): Promise<CountedGroup | undefined> {
    const { rows } = await tx.query<CountedGroup>(SEAL, [key.tenantId, key.groupId, kind]);
    return rows.at(0);
  }
}
