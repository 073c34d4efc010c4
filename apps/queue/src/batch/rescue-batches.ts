import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { counter, metrics } from '@penguinmails/observability';
import { planBatchRescue } from './batch-loss.js';
import { BatchRescueSystemRepository } from './batch-rescue.system.repository.js';
import { BatchTypes } from './batch-types.js';
import { EndBatches } from './end-batches.js';
import { ReadyBatches } from './ready-batches.js';
import type { RunningBatch } from './running-batch.js';

/** Batches rescued in one transaction; more are left to the next round, which comes at once. */
const AT_ONCE = 20;

/** What a round took back; `more`: it took as many as it may, there may be others. */
export interface BatchRound {
  readonly rescued: number;
  readonly more: boolean;
}

/** The part of a rescue round that is about batches: same clock, same transaction, same stamp. */
@Injectable()
export class RescueBatches {
  constructor(
    private readonly repository: BatchRescueSystemRepository,
    private readonly ends: EndBatches,
    private readonly types: BatchTypes,
    private readonly ready: ReadyBatches,
  ) {}

  /**
   * @param stampedAt a lease that had not run out by then is alive
   * @param outageMs is added to all running leases first
   */
  async round(tx: SystemTransaction, stampedAt: Date, outageMs: number): Promise<BatchRound> {
    if (outageMs > 0) await this.repository.extendAll(tx, outageMs);
    const expired = await this.repository.lockExpired(tx, stampedAt, AT_ONCE);
    if (expired.length === 0) return { rescued: 0, more: false };
    const plan = planBatchRescue(expired, (type) => this.types.leaseLossLimit(type));
    await this.repository.loseLeases(tx, plan.released);
    await this.ends.write(tx, { ...plan.ended, tries: [], leaving: [] });
    tx.onCommit(() => this.afterCommit(expired));
    return { rescued: expired.length, more: expired.length === AT_ONCE };
  }

  private afterCommit(expired: readonly RunningBatch[]): void {
    for (const batch of expired) {
      counter(metrics.leaseExpiries).add(1, { 'penguinmails.job.type': batch.type });
      this.ready.wake([batch], batch.scheduledAt);
    }
  }
}
