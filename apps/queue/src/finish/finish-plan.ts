import type { JobTypeDeclaration } from '@penguinmails/contracts';
import type { EndOutcome, JobEnd } from '../job/job-end.js';
import { nextStatus } from '../job/job.js';
import { maskedReply } from '../job/masked-reply.js';
import { decide, type Decision, type TriedOutcome } from '../job/outcome.js';
import type { RetryPolicy } from '../job/retry-policy.js';
import { type JobKey, jobKeyOf, type RunningJob } from '../job/unfinished-job.js';
import type { FinishResult } from './finish-result.js';

/** A try that has a row in job_attempts: one that was begun. */
export interface FinishedTry extends JobKey {
  readonly attempt: number;
  readonly outcome: FinishResult['kind'];
  readonly code: number | null;
  readonly enhancedCode: string | null;
  readonly errorCode: string | null;
  readonly reply: string | null;
  readonly leasedBy: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** A job that goes back to waiting; with `delaySeconds` 0 it is ready at once. */
export interface Release extends JobKey {
  readonly attempts: number;
  readonly unknownOutcomes: number;
  /** null: at the time for which it was scheduled before. */
  readonly delaySeconds: number | null;
  /** Times in a row that it was given back unbegun; 0 after a try. */
  readonly returns: number;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

/** What was reported about a job and what becomes of it. */
export interface ReportedFinish {
  readonly job: Pick<RunningJob, 'tenantId' | 'jobId' | 'type' | 'groupId'> &
    Partial<Pick<RunningJob, 'leaseLosses' | 'returns'>>;
  readonly result: FinishResult;
  readonly decision: Decision;
  /** What oltp is told about jobs of its type. */
  readonly reports: JobTypeDeclaration['reports'];
}

/** The same of a job that had to be decided on. */
export interface Finish extends ReportedFinish {
  readonly job: RunningJob;
}
/** What a plan has to know of the type of a job. */
export type FinishPolicy = RetryPolicy & Pick<JobTypeDeclaration, 'reports'>;

/** What one batch of results writes. */
export interface FinishPlan {
  readonly finishes: readonly Finish[];
  readonly tries: readonly FinishedTry[];
  readonly releases: readonly Release[];
  readonly ends: readonly JobEnd[];
}

/**
 * Decides on every job that still holds its finisher's token.
 * @param random as Math.random
 */
export function planFinish(
  held: readonly RunningJob[],
  results: readonly FinishResult[],
  policyOf: (type: string) => FinishPolicy,
  random: () => number,
): FinishPlan {
  const reported = new Map(
    results.map((result) => [
      jobKeyOf({ tenantId: result.tenant_id, jobId: result.job_id }),
      result,
    ]),
  );
  const finishes = held.map((job): Finish => {
    const policy = policyOf(job.type);
    const result = fitting(reported.get(jobKeyOf(job))!, policy.reports);
    const decision = decide(job, outcomeOf(result), policy, random());
    return { job, result, decision, reports: policy.reports };
  });
  return {
    finishes,
    tries: finishes.filter(wasBegun).map(finishedTry),
    releases: finishes.filter(isReleased).map(release),
    ends: finishes.filter((finish) => !isReleased(finish)).map(end),
  };
}

/**
 * Mail is delivered or bounced, everything else succeeds. What a type cannot mean is nobody's guess: a
 * person has to look at it, and the other results of the batch count.
 */
function fitting(result: FinishResult, reports: Finish['reports']): FinishResult {
  const { kind } = result;
  const isMailOnly = kind === 'delivered' || kind === 'bounced';
  const fits = reports === 'delivery' ? kind !== 'succeeded' : !isMailOnly;
  if (fits) return result;
  return { ...result, kind: 'unknown', unknown_policy: 'park', error_code: 'outcome_misfit' };
}

function outcomeOf(result: FinishResult): TriedOutcome {
  const { kind, unknown_policy: unknownPolicy, retry_after_ms: retryAfter } = result;
  return { kind, unknownPolicy, ...(retryAfter && { retryAfterSeconds: retryAfter / 1_000 }) };
}

function wasBegun({ result }: Finish): boolean {
  return !['cancelled', 'returned', 'snoozed'].includes(result.kind);
}

function isReleased({ decision }: Finish): boolean {
  return ['retry', 'return', 'snooze'].includes(decision.move);
}

function finishedTry({ job, result, decision }: Finish): FinishedTry {
  return {
    tenantId: job.tenantId,
    jobId: job.jobId,
    attempt: decision.attempts,
    outcome: result.kind,
    code: result.code,
    enhancedCode: result.enhanced_code,
    errorCode: result.error_code,
    reply: maskedReply(result.reply),
    leasedBy: job.leasedBy,
    startedAt: result.started_at,
    finishedAt: result.finished_at,
  };
}

function release({ job, result, decision }: Finish): Release {
  nextStatus('running', decision.move);
  return {
    tenantId: job.tenantId,
    jobId: job.jobId,
    attempts: decision.attempts,
    unknownOutcomes: decision.unknownOutcomes,
    delaySeconds: decision.delaySeconds ?? null,
    returns: decision.returns ?? 0,
    errorCode: result.error_code,
    errorMessage: maskedReply(result.reply),
  };
}

function end(finish: Finish): JobEnd {
  const { job, result, decision } = finish;
  return {
    tenantId: job.tenantId,
    jobId: job.jobId,
    status: nextStatus('running', decision.move) as JobEnd['status'],
    outcome: decision.move === 'cancel' ? 'cancelled' : (result.kind as EndOutcome),
    attempts: decision.attempts,
    leaseLosses: job.leaseLosses,
    errorCode: endCode(finish),
    errorMessage: maskedReply(result.reply),
  };
}

/** Why it ended, as a slug: what the worker said, or that the tries were used up. */
export function endCode({ result, decision }: ReportedFinish): string | null {
  if (decision.move === 'bury' && result.kind === 'deferred') return 'attempts_exhausted';
  if (result.kind === 'unknown') return result.error_code ?? 'outcome_unknown';
  return result.error_code;
}
