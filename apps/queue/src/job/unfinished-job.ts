/** A job by both parts of its key: statements about all tenants take the pair, never the id alone. */
export interface JobKey {
  readonly tenantId: string;
  readonly jobId: string;
}

/** Key of a job within one transaction. */
export function jobKeyOf({ tenantId, jobId }: JobKey): string {
  return `${tenantId}/${jobId}`;
}

/** What finishing and rescuing read of a hot row. */
export interface UnfinishedJob extends JobKey {
  readonly type: string;
  /** '' for none. */
  readonly rateKey: string;
  readonly domainKey: string | null;
  readonly priority: number;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly unknownOutcomes: number;
  readonly leaseLosses: number;
  /** Times in a row that it was given back unbegun. */
  readonly returns: number;
  /** The group in which it counts; a redriven job counted there when it died. */
  readonly groupId?: string | null;
  /** Somebody asked to cancel it while it ran: it is not begun again. */
  readonly cancelRequested: boolean;
  /** null while it waits. */
  readonly leasedBy: string | null;
  /** When it was leased last; null: never. */
  readonly startedAt: Date | null;
}

/** One that a worker holds. */
export interface RunningJob extends UnfinishedJob {
  readonly leasedBy: string;
  readonly startedAt: Date;
}

/** The columns of {@link UnfinishedJob}, for a row named j. */
export const UNFINISHED_JOB_COLUMNS = `
  j.tenant_id AS "tenantId", j.id AS "jobId", j.job_type AS type, j.rate_key AS "rateKey",
  j.domain_key AS "domainKey", j.priority, j.attempts,
  j.max_attempts AS "maxAttempts", j.unknown_outcomes AS "unknownOutcomes",
  j.lease_losses AS "leaseLosses", j.returns, j.leased_by AS "leasedBy",
  j.started_at AS "startedAt",
  j.cancel_requested_at IS NOT NULL AS "cancelRequested",
  CASE WHEN j.redriven_from IS NULL THEN j.group_id END AS "groupId"`;

/**
 * Keys in the order in which every statement locks its rows: two of them over the same rows then
 * wait for one another and cannot deadlock.
 */
export function inLockOrder<K extends JobKey>(keys: readonly K[]): K[] {
  return [...keys].sort(
    (a, b) => compareIds(a.tenantId, b.tenantId) || compareIds(a.jobId, b.jobId),
  );
}

/** Negative: `a` is locked first. */
export function compareIds(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * SQL of `a = b` that offers no order to merge by. A statement that keeps its plan may be planned while
 * the table has a page: to walk along the whole of a key and search the list for each row then seems as
 * cheap as to look each job up, and such a walk is only thought of for a merge (ADR 27).
 */
export function sameTenant(a: string, b: string): string {
  return `${a} = ANY (ARRAY[${b}])`;
}
