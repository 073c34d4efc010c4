/** A dead job, kept until somebody redrives or discards it. */
export interface DeadLetter {
  readonly object: 'dead_letter';
  readonly id: string;
  readonly tenant_id: string;
  readonly job_id: string;
  readonly type: string;
  readonly outcome: string;
  readonly error_code: string;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly lease_losses: number;
  readonly correlation_id: string | null;
  readonly job_created_at: Date;
  /** RFC 3339 with microseconds: lists go on from it. */
  readonly died_at: string;
  readonly redriven_at: Date | null;
  /** The job that it was redriven as. */
  readonly redriven_as: string | null;
  /** The job that died first; its own unless it had been redriven before. */
  readonly root_job_id: string;
  /** How often that one has been redriven until this letter. */
  readonly redrives: number;
}

/** With all its tries, and its payload but for the storage key. */
export interface DeadLetterDetails extends DeadLetter {
  readonly payload: unknown;
  readonly tries: unknown;
}

/** Columns of {@link DeadLetter} beside its tenant, from dead_letters as d. */
export const DEAD_LETTER_COLUMNS = `'dead_letter' AS object, d.id, d.job_id,
  d.job_type AS type, d.outcome, d.error_code, d.attempts, d.max_attempts, d.lease_losses,
  d.correlation_id, d.job_created_at,
  to_char(d.died_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS died_at,
  d.redriven_at, d.redriven_as, coalesce(d.root_job_id, d.job_id) AS root_job_id, d.redrives`;
