import {
  type JobType,
  type JobTypeDeclaration,
  newId,
  validateJobPayload,
} from '@penguinmails/contracts';
import type { NewJob } from './new-job.js';

/** A job that somebody wants done. How often it is tried and how long it waits, its type says. */
export interface JobRequest {
  readonly tenantId: string;
  readonly type: JobType;
  readonly payload: object;
  /** Default: a new one. */
  readonly jobId?: string;
  /** Higher goes first; default 0. */
  readonly priority?: number;
  /** RFC 3339; default: at once. */
  readonly scheduledAt?: string | null;
  /**
   * While a key is remembered (24 h, and as long as its job is not finished), jobs of the same tenant,
   * type and key are one job.
   */
  readonly dedupeKey?: string | null;
  /** Jobs with the same key share one rate limit; default '': none. */
  readonly rateKey?: string;
  /** Keyed hash of the recipient's domain. */
  readonly domainKey?: string | null;
  readonly correlationId?: string | null;
  readonly traceparent?: string | null;
}

/** Its id is made here: no job can have it yet, waiting or finished. */
export function isFresh({ jobId }: JobRequest): boolean {
  return jobId === undefined;
}

/**
 * The job that is asked for, as its type has it.
 * @throws ContractViolationError when the payload does not fit its schema
 */
export function newJob(request: JobRequest, declared: JobTypeDeclaration): NewJob {
  const { type, payload, tenantId } = request;
  validateJobPayload(type, payload);
  return {
    tenantId,
    jobId: request.jobId ?? newId(),
    type,
    payload,
    priority: request.priority ?? 0,
    maxAttempts: declared.maxAttempts,
    waitingLimitSeconds: declared.waitingLimitSeconds,
    scheduledAt: request.scheduledAt ?? null,
    dedupeKey: request.dedupeKey ?? null,
    rateKey: request.rateKey ?? '',
    domainKey: request.domainKey ?? null,
    correlationId: request.correlationId ?? null,
    traceparent: request.traceparent ?? null,
  };
}
