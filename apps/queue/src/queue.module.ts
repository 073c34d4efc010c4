import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule } from '@penguinmails/database';
import { ParkedEventController, ParkedEventDesk } from '@penguinmails/http';
import { createLogger, type Logger } from '@penguinmails/observability';
import { MessagingModule, ParkedDesk } from '@penguinmails/outbox';
import { DedupeSystemRepository } from './enqueue/dedupe.system.repository.js';
import { EnqueueJobs } from './enqueue/enqueue-jobs.js';
import { EnqueueSystemRepository } from './enqueue/enqueue.system.repository.js';
import { OnEmailAccepted } from './enqueue/on-email-accepted.js';
import { OnEmailWithdrawn } from './enqueue/on-email-withdrawn.js';
import { ExpireJobs } from './expire/expire-jobs.js';
import { ExpireSystemRepository } from './expire/expire.system.repository.js';
import { FinishJobs } from './finish/finish-jobs.js';
import { FinishSystemRepository } from './finish/finish.system.repository.js';
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
import { DueSystemRepository } from './leader/due.system.repository.js';
import { DueWork } from './leader/due-work.js';
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
import { RescueJobs } from './rescue/rescue-jobs.js';
import { RescueSystemRepository } from './rescue/rescue.system.repository.js';
import { RunSchedules } from './schedule/run-schedules.js';
import { ScheduleSystemRepository } from './schedule/schedule.system.repository.js';
import { WriteSchedules } from './schedule/write-schedules.js';

const controllers = [
  HealthController,
  JobController,
  LeaseController,
  MaintenanceController,
  OnEmailAccepted,
  OnEmailWithdrawn,
  ParkedEventController,
  ProgressController,
];

const repositories = [
  DedupeSystemRepository,
  DepthSystemRepository,
  DueSystemRepository,
  EnqueueSystemRepository,
  ExpireSystemRepository,
  FinishSystemRepository,
  JobEndSystemRepository,
  JobRepository,
  JobTypeSystemRepository,
  LaneSystemRepository,
  LeaseSystemRepository,
  LimitSystemRepository,
  ProgressSystemRepository,
  RescueSystemRepository,
  RetentionSystemRepository,
  ScheduleSystemRepository,
  VacuumSystemRepository,
];

const useCases = [
  ClaimJobs,
  DueWork,
  EnqueueJobs,
  ExpireJobs,
  FinishJobs,
  GetJob,
  LaneLook,
  LeaseJobs,
  LimitBook,
  LimitedClaim,
  ListAttempts,
  QueueClock,
  QueueDepth,
  ReadyJobs,
  RecordProgress,
  RenewLeases,
  RescueJobs,
  RunMaintenance,
  RunSchedules,
  VacuumGauges,
  WriteJobTypes,
  WriteSchedules,
];

/** Composition root: the only place that knows how the parts of the service fit together. */
@Module({})
export class QueueModule {
  /** @param logger default: one of its own; a test hands in another */
  static forConfig(config: QueueConfig, logger: Logger = createLogger('queue')): DynamicModule {
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
