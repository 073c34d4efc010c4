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
import { AddJob } from './enqueue/add-job.js';
import { AddTogether } from './enqueue/add-together.js';
import { DedupeSystemRepository } from './enqueue/dedupe.system.repository.js';
import { EnqueueJobs } from './enqueue/enqueue-jobs.js';
import { AuditLog } from './audit/audit-log.js';
import { ControlQueue } from './control/control-queue.js';
import { FinishedRateSystemRepository } from './control/finished-rate.system.repository.js';
import { LaneControl } from './control/lane-control.js';
import { LaneControlController } from './control/lane-control.controller.js';
import { LanePauseRepository } from './control/lane-pause.repository.js';
import { LanePauseSystemRepository } from './control/lane-pause.system.repository.js';
import { ListQueues } from './control/list-queues.js';
import { QueueControlSystemRepository } from './control/queue-control.system.repository.js';
import { QueueController } from './control/queue.controller.js';
import { RateLimitRepository } from './control/rate-limit.repository.js';
import { RateLimitSystemRepository } from './control/rate-limit.system.repository.js';
import { DeadLetterController } from './dead-letter/dead-letter.controller.js';
import { DeadLetterRepository } from './dead-letter/dead-letter.repository.js';
import { DeadLetterSystemRepository } from './dead-letter/dead-letter.system.repository.js';
import { DiscardDeadLetter } from './dead-letter/discard-dead-letter.js';
import { OrderRedrive } from './dead-letter/order-redrive.js';
import { PreviewRedrive } from './dead-letter/preview-redrive.js';
import { ReadDeadLetters } from './dead-letter/read-dead-letters.js';
import { RedriveDeadLetters } from './dead-letter/redrive-dead-letters.js';
import { RedriveOrderSystemRepository } from './dead-letter/redrive-order.system.repository.js';
import { RedriveSystemRepository } from './dead-letter/redrive.system.repository.js';
import { EnqueueSystemRepository } from './enqueue/enqueue.system.repository.js';
import { OnEmailAccepted } from './enqueue/on-email-accepted.js';
import { OnEmailWithdrawn } from './enqueue/on-email-withdrawn.js';
import { ExpireJobs } from './expire/expire-jobs.js';
import { ExpireSystemRepository } from './expire/expire.system.repository.js';
import { FinishJobs } from './finish/finish-jobs.js';
import { FinishSystemRepository } from './finish/finish.system.repository.js';
import { GroupCount } from './group/group-count.js';
import { GroupSystemRepository } from './group/group.system.repository.js';
import { SealGroup } from './group/seal-group.js';
import { DepthSystemRepository } from './health/depth.system.repository.js';
import { HealthController } from './health/health.controller.js';
import { QueueDepth } from './health/queue-depth.js';
import { CancelJob } from './job/cancel-job.js';
import { GetJob } from './job/get-job.js';
import { HeldJobSystemRepository } from './job/held-job.system.repository.js';
import { HoldingFactsRepository } from './job/holding-facts.repository.js';
import { JobController } from './job/job.controller.js';
import { JobEndSystemRepository } from './job/job-end.system.repository.js';
import { JobListRepository } from './job/job-list.repository.js';
import { JobRepository } from './job/job.repository.js';
import { ListAttempts } from './job/list-attempts.js';
import { ListJobs } from './job/list-jobs.js';
import { RetryJob } from './job/retry-job.js';
import { JobTypeSystemRepository } from './job-type/job-type.system.repository.js';
import { JobTypes } from './job-type/job-types.js';
import { WriteJobTypes } from './job-type/write-job-types.js';
import { ClaimJobs } from './lane/claim-jobs.js';
import { LaneDirectory } from './lane/lane-directory.js';
import { LaneLook } from './lane/lane-look.js';
import { LaneSystemRepository } from './lane/lane.system.repository.js';
import { DueSystemRepository } from './leader/due.system.repository.js';
import { DueWork } from './leader/due-work.js';
import { BuryMisfits } from './lease/bury-misfits.js';
import { GrantSigner } from './lease/grant-signer.js';
import { LeaseController } from './lease/lease.controller.js';
import { LeaseJobs } from './lease/lease-jobs.js';
import { LeaseSystemRepository } from './lease/lease.system.repository.js';
import { ReadyJobs } from './lease/ready-jobs.js';
import { RenewLeases } from './lease/renew-leases.js';
import { LimitBook } from './limit/limit-book.js';
import { LimitSystemRepository } from './limit/limit.system.repository.js';
import { LimitedClaim } from './limit/limited-claim.js';
import { MaintenanceController } from './maintenance/maintenance.controller.js';
import { RetentionSystemRepository } from './maintenance/retention.system.repository.js';
import { RunMaintenance } from './maintenance/run-maintenance.js';
import { VacuumGauges } from './maintenance/vacuum-gauges.js';
import { VacuumSystemRepository } from './maintenance/vacuum.system.repository.js';
import { queueDatabaseSettings } from './persistence/queue-database.js';
import type { QueueConfig } from './queue.config.js';
import { ProgressController } from './progress/progress.controller.js';
import { ProgressSystemRepository } from './progress/progress.system.repository.js';
import { RecordProgress } from './progress/record-progress.js';
import { consumes, emits } from './queue.events.js';
import { QUEUE_LOGGER } from './queue.tokens.js';
import { QueueClock } from './rescue/queue-clock.js';
import { CalmRoundSystemRepository } from './rescue/calm-round.system.repository.js';
import { RescueJobs } from './rescue/rescue-jobs.js';
import { RescueSystemRepository } from './rescue/rescue.system.repository.js';
import { RunSchedules } from './schedule/run-schedules.js';
import { ScheduleSystemRepository } from './schedule/schedule.system.repository.js';
import { WriteSchedules } from './schedule/write-schedules.js';

const controllers = [
  BatchLeaseController,
  DeadLetterController,
  HealthController,
  JobController,
  LaneControlController,
  LeaseController,
  MaintenanceController,
  OnEmailAccepted,
  OnEmailWithdrawn,
  ParkedEventController,
  ProgressController,
  QueueController,
];

const repositories = [
  BatchLaneSystemRepository,
  BatchLeaseSystemRepository,
  BatchRescueSystemRepository,
  CalmRoundSystemRepository,
  EnqueueBatchSystemRepository,
  DedupeSystemRepository,
  DeadLetterRepository,
  DeadLetterSystemRepository,
  DepthSystemRepository,
  DueSystemRepository,
  EnqueueSystemRepository,
  ExpireSystemRepository,
  FinishedRateSystemRepository,
  FinishSystemRepository,
  GroupSystemRepository,
  HeldJobSystemRepository,
  HoldingFactsRepository,
  JobEndSystemRepository,
  JobListRepository,
  JobRepository,
  JobTypeSystemRepository,
  LanePauseRepository,
  LanePauseSystemRepository,
  LaneSystemRepository,
  LeaseSystemRepository,
  LimitSystemRepository,
  RecipientSystemRepository,
  ReportBatchSystemRepository,
  ProgressSystemRepository,
  QueueControlSystemRepository,
  RateLimitRepository,
  RateLimitSystemRepository,
  RedriveOrderSystemRepository,
  RedriveSystemRepository,
  RescueSystemRepository,
  RetentionSystemRepository,
  ScheduleSystemRepository,
  VacuumSystemRepository,
];

const useCases = [
  AddJob,
  AddTogether,
  BatchDirectory,
  BatchLook,
  CancelBatches,
  ClaimBatches,
  EndBatches,
  EnqueueBatches,
  GroupCount,
  AuditLog,
  CancelJob,
  ClaimJobs,
  DueWork,
  EnqueueJobs,
  ExpireJobs,
  ControlQueue,
  DiscardDeadLetter,
  FinishJobs,
  GetJob,
  LaneControl,
  LaneLook,
  LeaseBatches,
  BuryMisfits,
  LeaseJobs,
  LimitBook,
  LimitedClaim,
  ListAttempts,
  ListJobs,
  ListQueues,
  OrderRedrive,
  PreviewRedrive,
  QueueClock,
  QueueDepth,
  ReadyBatches,
  RenewBatchLeases,
  ReadDeadLetters,
  ReadyJobs,
  RecordProgress,
  RenewLeases,
  ReportBatches,
  RescueBatches,
  RescueJobs,
  SealGroup,
  RunMaintenance,
  RunSchedules,
  VacuumGauges,
  RedriveDeadLetters,
  RetryJob,
  WriteJobTypes,
  WriteSchedules,
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
          gatherMs: config.gatherMs,
          gatherFrom: config.gatherFrom,
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
