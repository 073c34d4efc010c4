import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule } from '@penguinmails/database';
import { ParkedEventController, ParkedEventDesk } from '@penguinmails/http';
import { createLogger, type Logger } from '@penguinmails/observability';
import { MessagingModule, ParkedDesk } from '@penguinmails/outbox';
import { BatchLaneSystemRepository } from './batch/batch-lane.system.repository.js';
import { BatchLeaseController } from './batch/batch-lease.controller.js';
import { BatchLeaseSystemRepository } from './batch/batch-lease.system.repository.js';
import { BatchRescueSystemRepository } from './batch/batch-rescue.system.repository.js';
import { type BatchTypeDeclarations, BatchTypes } from './batch/batch-types.js';
import { CancelBatches } from './batch/cancel-batches.js';
import { ClaimBatches } from './batch/claim-batches.js';
import { EndBatches } from './batch/end-batches.js';
import { EnqueueBatchSystemRepository } from './batch/enqueue-batch.system.repository.js';
import { EnqueueBatches } from './batch/enqueue-batches.js';
import { LeaseBatches } from './batch/lease-batches.js';
import { BatchDirectory, BatchLook, ReadyBatches } from './batch/ready-batches.js';
import { RecipientSystemRepository } from './batch/recipient.system.repository.js';
import { RenewBatchLeases } from './batch/renew-batch-leases.js';
import { ReportBatchSystemRepository } from './batch/report-batch.system.repository.js';
import { ReportBatches } from './batch/report-batches.js';
import { RescueBatches } from './batch/rescue-batches.js';
import { EnqueueSystemRepository } from './enqueue/enqueue.system.repository.js';
import { OnEmailAccepted } from './enqueue/on-email-accepted.js';
import { OnEmailWithdrawn } from './enqueue/on-email-withdrawn.js';
import { FinishJobs } from './finish/finish-jobs.js';
import { FinishSystemRepository } from './finish/finish.system.repository.js';
import { GroupCount } from './group/group-count.js';
import { GroupSystemRepository } from './group/group.system.repository.js';
import { SealGroup } from './group/seal-group.js';
import { DepthSystemRepository } from './health/depth.system.repository.js';
import { HealthController } from './health/health.controller.js';
import { QueueDepth } from './health/queue-depth.js';
import { GetJob } from './job/get-job.js';
import { JobController } from './job/job.controller.js';
import { JobEndSystemRepository } from './job/job-end.system.repository.js';
import { JobRepository } from './job/job.repository.js';
import { ListAttempts } from './job/list-attempts.js';
import { JobTypeSystemRepository } from './job-type/job-type.system.repository.js';
import { JobTypes } from './job-type/job-types.js';
import { WriteJobTypes } from './job-type/write-job-types.js';
import { ClaimJobs } from './lane/claim-jobs.js';
import { LaneDirectory } from './lane/lane-directory.js';
import { LaneLook } from './lane/lane-look.js';
import { LaneSystemRepository } from './lane/lane.system.repository.js';
import { GrantSigner } from './lease/grant-signer.js';
import { LeaseController } from './lease/lease.controller.js';
import { LeaseJobs } from './lease/lease-jobs.js';
import { LeaseSystemRepository } from './lease/lease.system.repository.js';
import { ReadyJobs } from './lease/ready-jobs.js';
import { RenewLeases } from './lease/renew-leases.js';
import { LimitBook } from './limit/limit-book.js';
import { LimitSystemRepository } from './limit/limit.system.repository.js';
import { LimitedClaim } from './limit/limited-claim.js';
import { queueDatabaseSettings } from './persistence/queue-database.js';
import type { QueueConfig } from './queue.config.js';
import { consumes, emits } from './queue.events.js';
import { QUEUE_LOGGER } from './queue.tokens.js';
import { QueueClock } from './rescue/queue-clock.js';
import { RescueJobs } from './rescue/rescue-jobs.js';
import { RescueSystemRepository } from './rescue/rescue.system.repository.js';

const controllers = [
  BatchLeaseController,
  HealthController,
  JobController,
  LeaseController,
  OnEmailAccepted,
  OnEmailWithdrawn,
  ParkedEventController,
];

const repositories = [
  BatchLaneSystemRepository,
  BatchLeaseSystemRepository,
  BatchRescueSystemRepository,
  DepthSystemRepository,
  EnqueueBatchSystemRepository,
  EnqueueSystemRepository,
  FinishSystemRepository,
  GroupSystemRepository,
  JobEndSystemRepository,
  JobRepository,
  JobTypeSystemRepository,
  LaneSystemRepository,
  LeaseSystemRepository,
  LimitSystemRepository,
  RecipientSystemRepository,
  ReportBatchSystemRepository,
  RescueSystemRepository,
];

const useCases = [
  BatchDirectory,
  BatchLook,
  CancelBatches,
  ClaimBatches,
  ClaimJobs,
  EndBatches,
  EnqueueBatches,
  FinishJobs,
  GetJob,
  GroupCount,
  LaneLook,
  LeaseBatches,
  LeaseJobs,
  LimitBook,
  LimitedClaim,
  ListAttempts,
  QueueClock,
  QueueDepth,
  ReadyBatches,
  ReadyJobs,
  RenewBatchLeases,
  RenewLeases,
  ReportBatches,
  RescueBatches,
  RescueJobs,
  SealGroup,
  WriteJobTypes,
];

/** Composition root: the only place that knows how the parts of the service fit together. */
@Module({})
export class QueueModule {
  /**
   * @param logger default: one of its own; a test hands in another
   * @param batchTypes default: none, as no contract declares any
   */
  static forConfig(
    config: QueueConfig,
    logger: Logger = createLogger('queue'),
    batchTypes: BatchTypeDeclarations = {},
  ): DynamicModule {
    return {
      module: QueueModule,
      imports: [
        DatabaseModule.forTier(
          queueDatabaseSettings(config.db, (err) => logger.error({ err }, 'database problem')),
        ),
        MessagingModule.forTier({
          tier: 'queue',
          brokers: config.kafka.brokers,
          consumes,
          emits,
          publicUrl: config.publicUrl,
          logger,
        }),
      ],
      controllers,
      providers: [
        ...repositories,
        ...useCases,
        { provide: JobTypes, useFactory: () => new JobTypes() },
        {
          provide: BatchTypes,
          useFactory: (jobTypes: JobTypes) => new BatchTypes(batchTypes, jobTypes),
          inject: [JobTypes],
        },
        { provide: LaneDirectory, useFactory: () => new LaneDirectory() },
        { provide: ParkedEventDesk, useExisting: ParkedDesk },
        { provide: QUEUE_LOGGER, useValue: logger },
        {
          provide: GrantSigner,
          useValue: new GrantSigner({ issuer: 'queue', privateKey: config.grantKey }),
        },
      ],
    };
  }
}
