import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { GroupCount } from '../group/group-count.js';
import { bornAfter } from '../job/born-after.js';
import { JobTypes } from '../job-type/job-types.js';
import { lanesOf } from '../lane/lane.js';
import { batchKeyOf } from './batch-key.js';
import { BatchTypes } from './batch-types.js';
import { EnqueueBatchSystemRepository } from './enqueue-batch.system.repository.js';
import type { NewBatch } from './new-batch.js';
import { ReadyBatches } from './ready-batches.js';

/** Puts batches into the queue, in the transaction of whatever causes them. */
@Injectable()
export class EnqueueBatches {
  constructor(
    private readonly repository: EnqueueBatchSystemRepository,
    private readonly groups: GroupCount,
    private readonly types: BatchTypes,
    private readonly jobTypes: JobTypes,
    private readonly ready: ReadyBatches,
  ) {}

  /**
   * However many, one statement. A batch that came before, finished or not, is not new: it changes
   * nothing and counts in no group again.
   * @returns how many are new
   * @throws JobTypeError when a type is not declared
   * @throws GroupSealedError when a new one belongs to a group that was said to be complete
   */
  async enqueue(tx: SystemTransaction, batches: readonly NewBatch[]): Promise<number> {
    if (batches.length === 0) return 0;
    const stored = batches.map((batch) => {
      const { itemType } = this.types.get(batch.type);
      return { ...batch, itemType, maxAttempts: this.jobTypes.get(itemType).maxAttempts };
    });
    const birth = bornAfter(batches.map(({ batchId }) => batchId));
    const added = await this.repository.enqueue(tx, stored, birth);
    const isNew = new Set(added.map(batchKeyOf));
    const fresh = batches.filter((batch) => isNew.has(batchKeyOf(batch)));
    await this.groups.added(tx, distinct(fresh).flatMap(additionsOf));
    tx.onCommit(() => this.wake(fresh));
    return added.length;
  }

  /** When a batch for later falls due is for the database's clock to say. */
  private wake(batches: readonly NewBatch[]): void {
    const now = batches.filter((batch) => batch.scheduledAt === null);
    this.ready.wake(lanesOf(now));
    if (now.length < batches.length) this.ready.wake();
  }
}

/** One statement may be given the same batch twice; it is stored once. */
function distinct(batches: readonly NewBatch[]): NewBatch[] {
  return [...new Map(batches.map((batch) => [batchKeyOf(batch), batch])).values()];
}

function additionsOf({ tenantId, n, group }: NewBatch) {
  return group ? [{ tenantId, groupId: group.id, kind: group.kind, count: n }] : [];
}
