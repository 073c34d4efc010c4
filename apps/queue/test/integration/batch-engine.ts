import { newId, newStorageKey } from '@penguinmails/contracts';
import type { openDatabase } from '@penguinmails/database';
import type { EventWriter } from '@penguinmails/outbox';
import { BatchLaneSystemRepository } from '../../src/batch/batch-lane.system.repository.js';
import type { BatchReport } from '../../src/batch/batch-lease.requests.js';
import { BatchLeaseSystemRepository } from '../../src/batch/batch-lease.system.repository.js';
import type { BatchOutcome } from '../../src/batch/batch-outcome.js';
import { BatchRescueSystemRepository } from '../../src/batch/batch-rescue.system.repository.js';
import { BatchTypes } from '../../src/batch/batch-types.js';
import { CancelBatches } from '../../src/batch/cancel-batches.js';
import { ClaimBatches } from '../../src/batch/claim-batches.js';
import { EndBatches } from '../../src/batch/end-batches.js';
import { EnqueueBatchSystemRepository } from '../../src/batch/enqueue-batch.system.repository.js';
import { EnqueueBatches } from '../../src/batch/enqueue-batches.js';
import { LeaseBatches } from '../../src/batch/lease-batches.js';
import type { LeasedBatch } from '../../src/batch/leased-batch.js';
import type { NewBatch } from '../../src/batch/new-batch.js';
import { BatchDirectory, BatchLook, ReadyBatches } from '../../src/batch/ready-batches.js';
import { RecipientSystemRepository } from '../../src/batch/recipient.system.repository.js';
import { RenewBatchLeases } from '../../src/batch/renew-batch-leases.js';
import { ReportBatchSystemRepository } from '../../src/batch/report-batch.system.repository.js';
import { ReportBatches } from '../../src/batch/report-batches.js';
import { RescueBatches } from '../../src/batch/rescue-batches.js';
import type { FinishSystemRepository } from '../../src/finish/finish.system.repository.js';
import type { GroupCount } from '../../src/group/group-count.js';
import { GroupSystemRepository } from '../../src/group/group.system.repository.js';
import { SealGroup } from '../../src/group/seal-group.js';
import type { JobTypes } from '../../src/job-type/job-types.js';
import type { GrantSigner } from '../../src/lease/grant-signer.js';
import type { LimitBook } from '../../src/limit/limit-book.js';
import type { LimitSystemRepository } from '../../src/limit/limit.system.repository.js';

/** What only the tests declare: no contract has a type of batches yet. */
export const BATCH_TYPES = {
  send_wave: {
    type: 'send_wave',
    itemType: 'send_email',
    leaseMs: 26_000,
    heartbeatMs: 10_000,
    leaseLossLimit: 20,
  },
  send_other: {
    type: 'send_other',
    itemType: 'send_email',
    leaseMs: 26_000,
    heartbeatMs: 10_000,
    leaseLossLimit: 20,
  },
} as const;

const STILL_THERE = new AbortController().signal;

interface Parts {
  readonly db: ReturnType<typeof openDatabase>;
  readonly types: JobTypes;
  readonly signer: GrantSigner;
  readonly limits: LimitSystemRepository;
  readonly limitBook: LimitBook;
  readonly finish: FinishSystemRepository;
  readonly groups: GroupCount;
  readonly events: EventWriter;
}

/** The part of the service that is about batches. */
export function assembleBatches(parts: Parts) {
  const { db, types, signer, limits, limitBook, finish, groups, events } = parts;
  const directory = new BatchDirectory();
  const lanes = new BatchLaneSystemRepository();
  const look = new BatchLook(db.system, lanes, directory);
  const ready = new ReadyBatches(db, directory, look);
  ready.onModuleInit();
  const batchTypes = new BatchTypes(BATCH_TYPES, types);
  const leases = new BatchLeaseSystemRepository();
  const reports = new ReportBatchSystemRepository();
  const recipients = new RecipientSystemRepository();
  const rescue = new BatchRescueSystemRepository();
  const enqueue = new EnqueueBatchSystemRepository();
  const claims = new ClaimBatches(db.system, lanes, directory, look, limitBook, limits);
  const ends = new EndBatches(reports, recipients, finish, groups, events);
  const enqueueBatches = new EnqueueBatches(enqueue, groups, batchTypes, types, ready);
  const reportBatches = new ReportBatches(db.system, reports, ends, limits, types, ready);
  const leaseBatches = new LeaseBatches(
    db.system,
    leases,
    limits,
    claims,
    ready,
    batchTypes,
    signer,
  );
  const cancelBatches = new CancelBatches(reports, ends);
  const sealGroup = new SealGroup(new GroupSystemRepository(), groups);
  return {
    ready,
    directory,
    laneLook: look,
    repositories: { lanes, leases, reports, recipients, rescue, enqueue },
    leaseBatches,
    renewLeases: new RenewBatchLeases(db.system, leases, batchTypes, signer),
    rescueBatches: new RescueBatches(rescue, ends, batchTypes, ready),
    checkpoint: (...some: BatchReport[]) => reportBatches.checkpoint(some),
    finish: (...some: BatchReport[]) => reportBatches.finish(some),
    enqueue: (...batches: NewBatch[]) =>
      db.system.transaction((tx) => enqueueBatches.enqueue(tx, batches)),
    cancel: (...batches: NewBatch[]) =>
      db.system.transaction((tx) => cancelBatches.execute(tx, batches)),
    seal: (tenantId: string, groupId: string) =>
      db.system.transaction((tx) => sealGroup.execute(tx, { tenantId, groupId }, 'campaign')),
    lease: (max = 10, worker = 'worker-1', waitMs = 0, signal = STILL_THERE) =>
      leaseBatches.execute(
        { worker_id: worker, types: Object.keys(BATCH_TYPES), max, wait_ms: waitMs },
        signal,
      ),
  };
}

/** A batch id: UUIDv7 whose low 16 bits are zero. */
export function newBatchId(): string {
  return `${newId().slice(0, -4)}0000`;
}

/** A batch of a new tenant, unless told otherwise. */
export function newBatch(more: Partial<NewBatch> = {}): NewBatch {
  const mailbox = newId();
  return {
    tenantId: newId(),
    batchId: newBatchId(),
    type: 'send_wave',
    payload: { mailbox_id: more.rateKey ?? mailbox, campaign_id: newId() },
    priority: 0,
    scheduledAt: null,
    rateKey: mailbox,
    storageKey: newStorageKey(),
    n: 500,
    group: null,
    correlationId: newId(),
    traceparent: null,
    ...more,
  };
}

/** A report about a leased batch: so many times an outcome, from where it resumes. */
export function reportOf(
  batch: Pick<LeasedBatch, 'tenantId' | 'batchId' | 'resumeAt'>,
  leaseToken: string,
  outcomes: readonly BatchOutcome[],
  more: Partial<BatchReport> = {},
): BatchReport {
  return {
    tenant_id: batch.tenantId,
    batch_id: batch.batchId,
    lease_token: leaseToken,
    from: batch.resumeAt,
    outcomes,
    details: [],
    ...more,
  };
}

export function times(n: number, outcome: BatchOutcome = 'delivered'): BatchOutcome[] {
  return Array.from({ length: n }, () => outcome);
}
