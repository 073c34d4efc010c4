import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { type BatchKey, batchKeyOf } from './batch-key.js';
import { type BatchEndStatus, nextBatchStatus } from './batch.js';
import { outcomeBytes } from './batch-outcome.js';
import { EndBatches } from './end-batches.js';
import { ReportBatchSystemRepository } from './report-batch.system.repository.js';
import type { HotBatch } from './running-batch.js';

/**
 * Takes waiting batches out. One that runs is left: its recipients have begun, or their begin is
 * refused and the worker reports them as cancelled.
 */
@Injectable()
export class CancelBatches {
  constructor(
    private readonly repository: ReportBatchSystemRepository,
    private readonly ends: EndBatches,
  ) {}

  /** @returns the ids of those that were waiting; outcomes that one already had stay */
  async execute(tx: SystemTransaction, keys: readonly BatchKey[]): Promise<string[]> {
    const waiting = await this.repository.lockWaiting(tx, keys);
    const distinct = [...new Map(waiting.map((batch) => [batchKeyOf(batch), batch])).values()];
    const nothingLeaves = { tries: [], leaving: [], buried: [] };
    await this.ends.write(tx, { ends: distinct.map(cancelled), ...nothingLeaves });
    return distinct.map(({ batchId }) => batchId);
  }
}

function cancelled(batch: HotBatch) {
  const rest = Array.from({ length: batch.n - batch.done.length }, () => ({
    ...{ outcome: 'cancelled' as const, hasLeft: false },
  }));
  return {
    batch,
    status: nextBatchStatus('ready', 'cancel') as BatchEndStatus,
    outcomes: Buffer.concat([batch.done, outcomeBytes(rest)]),
    attempts: batch.attempts,
    leaseLosses: batch.leaseLosses,
  };
}
