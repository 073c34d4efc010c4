import { assertFits } from './contract-check.js';
import { jobChecks } from './generated/job-checks.js';
import { jobTypes } from './generated/job-types.js';
import type { JobPayloadMap } from './generated/job-payloads.js';

export { jobTypes };

/** Every job type that queue accepts and worker must have a handler for. */
export type JobType = keyof JobPayloadMap;

/** The payload of one job type. */
export type JobPayload<T extends JobType = JobType> = JobPayloadMap[T];

/** What becomes of runs whose time passed while nobody could start them. */
export type MissedRuns = 'skip' | 'run_once' | 'run_all';

/** A recurring time: five cron fields in a time zone of the IANA data base. */
export interface ScheduleDeclaration {
  readonly cron: string;
  readonly timeZone: string;
  readonly missedRuns: MissedRuns;
}

/** What `jobs/<type>/meta.json` says about one job type. */
export interface JobTypeDeclaration {
  readonly type: string;
  readonly summary: string;
  /** What oltp is told of its outcomes: `delivery` for mail, whose job has the id of the e-mail. */
  readonly reports: 'delivery' | 'nothing';
  /** Finished tries after which the job is dead: one more than there are waits. */
  readonly maxAttempts: number;
  /** Waits between tries before jitter; the n-th follows the n-th finished try. */
  readonly backoffSeconds: readonly number[];
  /** Each wait is multiplied by a random factor of this range. */
  readonly jitter: { readonly min: number; readonly max: number };
  /** How often an unknown outcome is tried again, where the mailbox's policy allows it. */
  readonly unknownRetries: number;
  /** Lost leases after which the job is dead; they do not count as tries. */
  readonly leaseLossLimit: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** A job that was not begun so long after it fell due expires; null: it waits for ever. */
  readonly waitingLimitSeconds: number | null;
  /** When the platform runs it by itself, with an empty payload; null: only when asked for. */
  readonly schedule: ScheduleDeclaration | null;
  /** Days that history keeps a finished job, by outcome. */
  readonly retentionDays: {
    readonly completed: number;
    readonly cancelled: number;
    readonly expired: number;
    readonly dead: number;
  };
}

/** The names of all job types. */
export const jobTypeNames = Object.keys(jobTypes) as readonly JobType[];

export function isJobType(type: string): type is JobType {
  return Object.hasOwn(jobTypes, type);
}

/**
 * Checks a payload before it is stored: the schema holds and no field is unknown to it.
 * @throws ContractViolationError
 */
export function validateJobPayload<T extends JobType>(
  type: T,
  payload: unknown,
): asserts payload is JobPayload<T> {
  assertFits(type, jobChecks[type].writes, payload);
}
