import { unprocessable } from '@penguinmails/http/problem';
import type { FinishedTry } from '../finish/finish-plan.js';
import { decide } from '../job/outcome.js';
import { returnDelaySeconds, type RetryPolicy } from '../job/retry-policy.js';
import { type BatchEndStatus, nextBatchStatus } from './batch.js';
import type { BatchReport } from './batch-lease.requests.js';
import { type BatchOutcome, outcomeBytes, type RecipientOutcome } from './batch-outcome.js';
import {
  type BuriedRecipient,
  firstTry,
  type LeavingRecipient,
  listedTry,
  recipientJob,
} from './recipient-job.js';
import type { RunningBatch } from './running-batch.js';

/** What becomes of the batch itself. */
export type BatchStep =
  | { readonly kind: 'go_on' }
  | { readonly kind: 'end'; readonly status: BatchEndStatus }
  | {
      readonly kind: 'release';
      /** null: at the time for which it was scheduled before. */
      readonly delaySeconds: number | null;
      /** Times in a row that it was given back without any outcome. */
      readonly returns: number;
    };

/** What one report about one batch writes. */
export interface ReportPlan {
  readonly batch: RunningBatch;
  /** Outcomes that are new, after those that the row has. */
  readonly added: Buffer;
  readonly outcomes: readonly BatchOutcome[];
  readonly step: BatchStep;
  readonly tries: readonly FinishedTry[];
  readonly leaving: readonly LeavingRecipient[];
  readonly buried: readonly BuriedRecipient[];
}

/** No try of the recipient, and no wish about it, is older than the batch. */
const UNTRIED = { attempts: 0, unknownOutcomes: 0, returns: 0, cancelRequested: false } as const;

/**
 * Decides on each recipient whose outcome is new as on a single job that had its first try. What the row
 * has already is left as it is, so a repeated report changes nothing.
 * @param endsLease false: a checkpoint
 * @param random as Math.random
 * @throws Problem 422 `outcomes_missing` or `outcomes_beyond_lease`
 */
export function planReport(
  batch: RunningBatch,
  report: BatchReport,
  policy: RetryPolicy,
  endsLease: boolean,
  random: () => number,
): ReportPlan {
  assertFits(batch, report);
  const first = batch.done.length;
  const fresh = report.outcomes.slice(first - report.from);
  const details = new Map(report.details.map((detail) => [detail.ordinal, detail]));
  const decided = fresh.map((outcome, at) =>
    decideRecipient(
      { batch, report, policy },
      first + at,
      outcome,
      details.get(first + at),
      random,
    ),
  );
  const total = first + fresh.length;
  return {
    batch,
    added: outcomeBytes(decided.map(({ recorded }) => recorded)),
    outcomes: fresh,
    step: endsLease ? lastStep(batch, report, total) : { kind: 'go_on' },
    tries: decided.flatMap(({ tried }) => tried ?? []),
    leaving: decided.flatMap(({ leaving }) => leaving ?? []),
    buried: decided.flatMap(({ buried }) => buried ?? []),
  };
}

interface Decided {
  readonly recorded: RecipientOutcome;
  readonly tried?: FinishedTry;
  readonly leaving?: LeavingRecipient;
  readonly buried?: BuriedRecipient;
}

function decideRecipient(
  of: { batch: RunningBatch; report: BatchReport; policy: RetryPolicy },
  ordinal: number,
  outcome: BatchOutcome,
  detail: BatchReport['details'][number] | undefined,
  random: () => number,
): Decided {
  const { batch, report, policy } = of;
  const { move, attempts, unknownOutcomes, delaySeconds } = decide(
    { ...UNTRIED, maxAttempts: batch.maxAttempts },
    { kind: outcome, unknownPolicy: report.unknown_policy ?? 'park' },
    policy,
    random(),
  );
  const recorded = { outcome, hasLeft: move === 'retry' };
  if (move !== 'retry' && move !== 'bury') return { recorded };
  const tried = firstTry(batch, ordinal, outcome, detail);
  const job = { ...recipientJob(batch, ordinal, detail), attempts };
  if (move === 'retry') {
    const { errorCode, reply: errorMessage } = tried;
    const own = { errorCode, errorMessage, unknownOutcomes, delaySeconds: delaySeconds ?? 0 };
    return { recorded, tried, leaving: { ...job, ...own, traceparent: batch.traceparent } };
  }
  const { leaseLosses, createdAt: bornAt } = batch;
  const errorCode = tried.errorCode ?? endCode(outcome);
  const tries = [listedTry(tried)];
  const dead = outcome as BuriedRecipient['outcome'];
  return {
    recorded,
    tried,
    buried: { ...job, errorCode, outcome: dead, leaseLosses, tries, bornAt },
  };
}

function endCode(outcome: BatchOutcome): string {
  switch (outcome) {
    case 'deferred':
      return 'attempts_exhausted';
    case 'unknown':
      return 'outcome_unknown';
    default:
      return outcome;
  }
}

/** Done to its last recipient it has ended; otherwise what remains waits for the next lease. */
function lastStep(batch: RunningBatch, report: BatchReport, total: number): BatchStep {
  if (total === batch.n)
    return { kind: 'end', status: nextBatchStatus('running', 'complete') as BatchEndStatus };
  const asked = report.retry_after_ms ? report.retry_after_ms / 1_000 : undefined;
  const isUntouched = total === batch.done.length;
  const delaySeconds = isUntouched ? returnDelaySeconds(batch.returns, asked) : (asked ?? 0);
  nextBatchStatus('running', delaySeconds > 0 ? 'put_off' : 'give_back');
  return {
    kind: 'release',
    delaySeconds: delaySeconds > 0 ? delaySeconds : null,
    returns: isUntouched ? batch.returns + 1 : 0,
  };
}

function assertFits({ done, leaseTo }: RunningBatch, { from, outcomes }: BatchReport): void {
  if (from > done.length)
    throw refused('outcomes_missing', `The next outcome is that of ordinal ${done.length}.`);
  if (from + outcomes.length > leaseTo)
    throw refused('outcomes_beyond_lease', `The lease ends before ordinal ${leaseTo}.`);
}

function refused(code: string, detail: string) {
  return unprocessable([{ pointer: '/reports', code, detail }], code);
}
