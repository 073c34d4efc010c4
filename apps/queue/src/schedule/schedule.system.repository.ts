import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { DueSchedule, PlannedRuns } from './schedule.js';

/** A schedule of the platform, named after the type whose contract declares it. */
export interface PlatformSchedule extends Omit<DueSchedule, 'payload' | 'priority'> {
  readonly name: string;
}

const TRY_LEAD = `
SELECT pg_try_advisory_xact_lock(hashtextextended('penguinmails.queue.schedules', 0)) AS leads`;

/** A type that this version does not know is left to a replica that does. */
const LOCK_DUE = `
SELECT s.tenant_id AS "tenantId", s.id, s.job_type AS type, s.payload, s.priority, s.cron,
  s.time_zone AS "timeZone", s.missed_runs AS "missedRuns", s.next_run_at AS "nextRunAt",
  now() AS now
FROM schedules s
WHERE s.is_enabled AND s.next_run_at <= now() AND s.job_type = ANY($1::text[])
ORDER BY s.next_run_at
LIMIT $2
FOR UPDATE SKIP LOCKED`;

const ADVANCE = `
UPDATE schedules s
SET next_run_at = n.next_run_at, last_run_at = coalesce(n.last_run_at, s.last_run_at)
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
  AS n(tenant_id, id, next_run_at, last_run_at)
WHERE s.tenant_id = n.tenant_id AND s.id = n.id`;

const DISABLE = `
UPDATE schedules s SET is_enabled = FALSE, row_version = s.row_version + 1, updated_at = now()
FROM unnest($1::uuid[], $2::uuid[]) AS n(tenant_id, id)
WHERE s.tenant_id = n.tenant_id AND s.id = n.id`;

/** Written only where the declaration differs; whether it is enabled is a person's business. */
const WRITE = `
INSERT INTO schedules AS s (tenant_id, id, name, job_type, cron, time_zone, missed_runs, next_run_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
  $7::text[], $8::timestamptz[])
ON CONFLICT (tenant_id, name) DO UPDATE
SET job_type = excluded.job_type, cron = excluded.cron, time_zone = excluded.time_zone,
  missed_runs = excluded.missed_runs, next_run_at = excluded.next_run_at,
  row_version = s.row_version + 1, updated_at = now()
WHERE (s.job_type, s.cron, s.time_zone, s.missed_runs)
  IS DISTINCT FROM (excluded.job_type, excluded.cron, excluded.time_zone, excluded.missed_runs)`;

/** Statements about schedules of all tenants. */
@Injectable()
export class ScheduleSystemRepository {
  /** Whether this transaction leads; it does until it ends. Never waits. */
  async tryLead(tx: SystemTransaction): Promise<boolean> {
    const { rows } = await tx.query<{ leads: boolean }>(TRY_LEAD);
    return rows[0].leads;
  }

  /** Locks schedules of these types that are due; `now` is the database's clock. */
  async lockDue(
    tx: SystemTransaction,
    types: readonly string[],
    limit: number,
  ): Promise<(DueSchedule & { readonly now: Date })[]> {
    const { rows } = await tx.query<DueSchedule & { now: Date }>(LOCK_DUE, [types, limit]);
    return rows;
  }

  /** Notes what was started and when each is due again. The caller has locked the rows. */
  async advance(tx: SystemTransaction, runs: readonly PlannedRuns[]): Promise<void> {
    if (runs.length === 0) return;
    await tx.query(ADVANCE, [
      runs.map(({ schedule }) => schedule.tenantId),
      runs.map(({ schedule }) => schedule.id),
      runs.map(({ nextRunAt }) => nextRunAt),
      runs.map(({ times }) => times.at(-1) ?? null),
    ]);
  }

  /** Switches off what can never run. The caller has locked the rows. */
  async disable(tx: SystemTransaction, schedules: readonly DueSchedule[]): Promise<void> {
    if (schedules.length === 0) return;
    await tx.query(DISABLE, [
      schedules.map(({ tenantId }) => tenantId),
      schedules.map(({ id }) => id),
    ]);
  }

  /** Writes what the contracts declare. */
  async write(tx: SystemTransaction, schedules: readonly PlatformSchedule[]): Promise<void> {
    await tx.query(WRITE, [
      schedules.map(({ tenantId }) => tenantId),
      schedules.map(({ id }) => id),
      schedules.map(({ name }) => name),
      schedules.map(({ type }) => type),
      schedules.map(({ cron }) => cron),
      schedules.map(({ timeZone }) => timeZone),
      schedules.map(({ missedRuns }) => missedRuns),
      schedules.map(({ nextRunAt }) => nextRunAt),
    ]);
  }
}
