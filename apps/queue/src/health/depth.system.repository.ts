import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { TypeDepth } from './type-depth.js';

/** Recipients of batches: those within the lease run, the others wait like single jobs. */
const RECIPIENTS = `
SELECT tenant_id, job_type AS type, scheduled_at,
  n - coalesce(lease_to, octet_length(done)) AS waiting,
  coalesce(lease_to - octet_length(done), 0) AS running
FROM job_batches`;

const COUNT = `
SELECT type, sum(scheduled)::int AS scheduled, sum(ready)::int AS ready,
  sum(running)::int AS running, sum(dead)::int AS dead,
  greatest(0, coalesce(extract(epoch FROM now() - min(oldest_ready)), 0))::float8
    AS "oldestReadyAge"
FROM (
  SELECT job_type AS type,
    count(*) FILTER (WHERE status = 'pending' AND scheduled_at > now()) AS scheduled,
    count(*) FILTER (WHERE status = 'pending' AND scheduled_at <= now()) AS ready,
    count(*) FILTER (WHERE status = 'running') AS running,
    0 AS dead,
    min(scheduled_at) FILTER (WHERE status = 'pending' AND scheduled_at <= now()) AS oldest_ready
  FROM job_queue GROUP BY job_type
  UNION ALL
  SELECT type, sum(waiting) FILTER (WHERE scheduled_at > now()),
    sum(waiting) FILTER (WHERE scheduled_at <= now()), sum(running), 0,
    min(scheduled_at) FILTER (WHERE scheduled_at <= now() AND waiting > 0)
  FROM (${RECIPIENTS}) recipients GROUP BY type
  UNION ALL
  SELECT job_type, 0, 0, 0, count(*), NULL
  FROM dead_letters WHERE redriven_at IS NULL GROUP BY job_type
  UNION ALL
  SELECT job_type, 0, 0, 0, 0, NULL FROM job_types
) counted
GROUP BY type`;

/** However many tenants there are, their gauges show this many with most, and as many that wait longest. */
const SHOWN_TENANTS = 10;

const TENANTS = `
SELECT tenant_id AS "tenantId", ready,
  greatest(0, extract(epoch FROM now() - oldest))::float8 AS "oldestReadyAge"
FROM (
  SELECT tenant_id, sum(ready)::int AS ready, min(oldest) AS oldest,
    row_number() OVER (ORDER BY sum(ready) DESC, tenant_id) AS by_depth,
    row_number() OVER (ORDER BY min(oldest), tenant_id) AS by_age
  FROM (
    SELECT tenant_id, count(*) AS ready, min(scheduled_at) AS oldest
    FROM job_queue WHERE status = 'pending' AND scheduled_at <= now() GROUP BY tenant_id
    UNION ALL
    SELECT tenant_id, sum(waiting), min(scheduled_at)
    FROM (${RECIPIENTS}) recipients WHERE scheduled_at <= now() AND waiting > 0 GROUP BY tenant_id
  ) counted
  GROUP BY tenant_id
) ranked
WHERE by_depth <= $1 OR by_age <= $1
ORDER BY by_depth`;

/** The sessions of this login are not offered it otherwise. */
const READ_WHOLE_TABLES = `SELECT set_config('enable_seqscan', 'on', true)`;

/** A tenant and how many of its jobs, and recipients of its batches, are due. */
export interface TenantDepth {
  readonly tenantId: string;
  readonly ready: number;
  /** Seconds for which the first of them has been due. */
  readonly oldestReadyAge: number;
}

/** Counts jobs and recipients of batches of all tenants; a declared type without any counts 0. */
@Injectable()
export class DepthSystemRepository {
  /** From now on in this transaction: counting reads every row, and in their order is quickest. */
  async readWholeTables(tx: SystemTransaction): Promise<void> {
    await tx.query(READ_WHOLE_TABLES);
  }

  async count(tx: SystemTransaction): Promise<TypeDepth[]> {
    const { rows } = await tx.query<TypeDepth>(COUNT);
    return rows;
  }

  /** The tenants for which most waits, and those that wait longest; most first. */
  async tenants(tx: SystemTransaction): Promise<TenantDepth[]> {
    const { rows } = await tx.query<TenantDepth>(TENANTS, [SHOWN_TENANTS]);
    return rows;
  }
}
