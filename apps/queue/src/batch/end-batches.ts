import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { EventWriter } from '@penguinmails/outbox';
import type { FinishedTry } from '../finish/finish-plan.js';
import { FinishSystemRepository } from '../finish/finish.system.repository.js';
import { GroupCount } from '../group/group-count.js';
import { deadLetterEvents } from '../job/dead-letter-event.js';
import { countEnds } from './batch-outcome.js';
import type { BuriedRecipient, LeavingRecipient } from './recipient-job.js';
import { RecipientSystemRepository } from './recipient.system.repository.js';
import { type BatchEnd, ReportBatchSystemRepository } from './report-batch.system.repository.js';
import type { HotBatch } from './running-batch.js';

/** Batches that leave the hot table, and recipients that leave their batch. */
export interface BatchEnds {
  readonly ends: readonly (Omit<BatchEnd, 'tenantId' | 'batchId'> & { readonly batch: HotBatch })[];
  readonly tries: readonly FinishedTry[];
  readonly leaving: readonly LeavingRecipient[];
  readonly buried: readonly BuriedRecipient[];
}

/**
 * The one way out of `job_batches`. A batch counts in its group when it ends, with all recipients that
 * ended in it; those that left count when their own jobs end.
 */
@Injectable()
export class EndBatches {
  constructor(
    private readonly repository: ReportBatchSystemRepository,
    private readonly recipients: RecipientSystemRepository,
    private readonly tries: FinishSystemRepository,
    private readonly groups: GroupCount,
    private readonly events: EventWriter,
  ) {}

  /** The caller has locked the rows and decided on them in the same transaction. */
  async write(tx: SystemTransaction, { ends, tries, leaving, buried }: BatchEnds): Promise<void> {
    await this.recipients.leave(tx, leaving);
    await this.tries.recordTries(tx, tries);
    const letters = await this.recipients.bury(tx, buried);
    await this.repository.end(
      tx,
      ends.map(({ batch: { tenantId, batchId }, ...end }) => ({ ...end, tenantId, batchId })),
    );
    await this.groups.ended(
      tx,
      ends.map(({ batch: { tenantId, groupId }, outcomes }) => ({
        ...{ tenantId, groupId },
        ...countEnds(outcomes),
      })),
    );
    if (letters.length > 0) await this.events.write(tx, deadLetterEvents(letters));
  }
}
