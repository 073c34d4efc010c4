import { assertFits } from './contract-check.js';
import { jobChecks } from './generated/job-checks.js';
import { jobTypes } from './generated/job-types.js';
import type { JobPayloadMap } from './generated/job-payloads.js';

export { jobTypes };

/** Every job type that queue accepts and worker must have a handler for. */
export type JobType = keyof JobPayloadMap;

/** The payload of one job type. */
export type JobPayload<T extends JobType = JobType> = JobPayloadMap[T];

/** What `jobs/<type>/meta.json` says about one job type. */
export interface JobTypeDeclaration {
  readonly type: string;
  readonly summary: string;
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
  /** Days that history keeps a finished job, by outcome. */
  readonly retentionDays: {
    readonly completed: number;
    readonly cancelled: number;
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
