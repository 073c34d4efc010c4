import { LEASE_LOST } from '../rescue/lease-loss.js';
import { CHECKPOINT_EVERY } from './batch-key.js';
import { type BatchEndStatus, nextBatchStatus } from './batch.js';
import { outcomeBytes } from './batch-outcome.js';
import type { BatchEnds } from './end-batches.js';
import { type BuriedRecipient, recipientJob } from './recipient-job.js';
import type { RunningBatch } from './running-batch.js';

/** A batch that is ready again, with the first ordinal that is not in doubt. */
export interface LostBatch {
  readonly batch: RunningBatch;
  readonly inDoubtTo: number;
}

/** What the rescuer does with batches whose lease ran out. */
export interface BatchRescuePlan {
  readonly released: readonly LostBatch[];
  readonly ended: Pick<BatchEnds, 'ends' | 'buried'>;
}

/**
 * A batch goes on behind its last checkpoint. What its worker may have sent since then is in doubt: the
 * next holder reports it as unknown, and the mailbox's policy decides. One whose last recipient had
 * its outcome has ended; one whose workers died `limit` times is buried.
 */
export function planBatchRescue(
  expired: readonly RunningBatch[],
  limitOf: (type: string) => number,
): BatchRescuePlan {
  const isDone = (batch: RunningBatch) => batch.done.length === batch.n;
  const isFatal = (batch: RunningBatch) => batch.leaseLosses + 1 >= limitOf(batch.type);
  const done = expired.filter(isDone);
  const going = expired.filter((batch) => !isDone(batch));
  const fatal = going.filter(isFatal);
  return {
    released: going.filter((batch) => !isFatal(batch)).map(lost),
    ended: {
      ends: [...done.map(completed), ...fatal.map(buriedBatch)],
      buried: fatal.flatMap(buriedRecipients),
    },
  };
}

function lost(batch: RunningBatch): LostBatch {
  nextBatchStatus('running', 'lose_lease');
  return { batch, inDoubtTo: doubtOf(batch) };
}

/** A worker sends no more than one step beyond its last checkpoint. */
function doubtOf({ done, leaseTo, inDoubtTo }: RunningBatch): number {
  return Math.max(inDoubtTo, Math.min(leaseTo, done.length + CHECKPOINT_EVERY));
}

function completed(batch: RunningBatch) {
  return endOf(batch, nextBatchStatus('running', 'complete') as BatchEndStatus, batch.done);
}

function buriedBatch(batch: RunningBatch) {
  const outcomes = ordinalsLeft(batch).map((ordinal) => ({
    outcome: ordinal < doubtOf(batch) ? ('unknown' as const) : ('failed' as const),
    hasLeft: false,
  }));
  const status = nextBatchStatus('running', 'bury') as BatchEndStatus;
  return endOf(batch, status, Buffer.concat([batch.done, outcomeBytes(outcomes)]));
}

function endOf(batch: RunningBatch, status: BatchEndStatus, outcomes: Buffer) {
  return {
    ...{ batch, status, outcomes },
    attempts: batch.attempts,
    leaseLosses: batch.leaseLosses + 1,
  };
}

/** Nobody reported a try, so none is listed; each can be redriven on its own. */
function buriedRecipients(batch: RunningBatch): BuriedRecipient[] {
  return ordinalsLeft(batch).map((ordinal) => ({
    ...recipientJob(batch, ordinal),
    attempts: 0,
    errorCode: LEASE_LOST,
    outcome: ordinal < doubtOf(batch) ? 'unknown' : 'lease_lost',
    leaseLosses: batch.leaseLosses + 1,
    tries: [],
    bornAt: batch.createdAt,
  }));
}

function ordinalsLeft({ done, n }: RunningBatch): number[] {
  return Array.from({ length: n - done.length }, (_, at) => done.length + at);
}
