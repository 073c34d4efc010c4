import type { FinishedTry } from '../finish/finish-plan.js';
import { maskedReply } from '../job/masked-reply.js';
import { type BatchKey, recipientId } from './batch-key.js';
import type { RecipientDetail } from './batch-lease.requests.js';
import type { BatchOutcome } from './batch-outcome.js';
import type { HotBatch, RunningBatch } from './running-batch.js';

/** A recipient that goes on as a single job, or is buried as one; its id is batch id + ordinal. */
interface RecipientJob extends BatchKey {
  readonly jobId: string;
  readonly type: string;
  /** The batch's payload, with `batch_id` and `ordinal`. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly rateKey: string;
  readonly domainKey: string | null;
  readonly priority: number;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly errorCode: string | null;
  readonly groupId: string | null;
  readonly correlationId: string | null;
}

export interface LeavingRecipient extends RecipientJob {
  readonly unknownOutcomes: number;
  readonly delaySeconds: number;
  /** Masked. */
  readonly errorMessage: string | null;
  readonly traceparent: string | null;
}

export interface BuriedRecipient extends RecipientJob {
  readonly errorCode: string;
  readonly outcome: 'failed' | 'unknown' | 'deferred' | 'lease_lost';
  readonly leaseLosses: number;
  readonly tries: readonly object[];
  readonly bornAt: Date;
}

/** What a recipient's job takes over from its batch. */
export function recipientJob(batch: HotBatch, ordinal: number, detail?: RecipientDetail) {
  return {
    tenantId: batch.tenantId,
    batchId: batch.batchId,
    jobId: recipientId(batch.batchId, ordinal),
    type: batch.itemType,
    payload: { ...batch.payload, batch_id: batch.batchId, ordinal },
    rateKey: batch.rateKey,
    domainKey: detail?.domain_key ?? null,
    priority: batch.priority,
    maxAttempts: batch.maxAttempts,
    groupId: batch.groupId,
    correlationId: batch.correlationId,
  };
}

/** The try in the batch, as the first one of the recipient's own job. */
export function firstTry(
  batch: RunningBatch,
  ordinal: number,
  outcome: BatchOutcome,
  detail?: RecipientDetail,
): FinishedTry {
  const startedAt = detail?.started_at ?? batch.startedAt.toISOString();
  return {
    tenantId: batch.tenantId,
    jobId: recipientId(batch.batchId, ordinal),
    attempt: 1,
    outcome,
    code: detail?.code ?? null,
    enhancedCode: detail?.enhanced_code ?? null,
    errorCode: detail?.error_code ?? null,
    reply: maskedReply(detail?.reply ?? null),
    leasedBy: batch.leasedBy,
    startedAt,
    finishedAt: detail?.finished_at ?? startedAt,
  };
}

/** A try as a dead letter lists it. */
export function listedTry(tried: FinishedTry): object {
  return {
    attempt: tried.attempt,
    outcome: tried.outcome,
    code: tried.code,
    enhanced_code: tried.enhancedCode,
    error_code: tried.errorCode,
    reply: tried.reply,
    leased_by: tried.leasedBy,
    started_at: tried.startedAt,
    finished_at: tried.finishedAt,
  };
}
