import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule, PeriodicTask } from '@penguinmails/database';
import { GatheredDesk, ParkedEventController, ParkedEventDesk } from '@penguinmails/http';
import { createLogger, type Logger } from '@penguinmails/observability';
import { MessagingModule, ParkedDesk } from '@penguinmails/outbox';
import { AccessLogRepository } from './access/access-log.repository.js';
import { AttachContents } from './content/attach-contents.js';
import { AttachmentRepository } from './content/attachment.repository.js';
import { BlobRepository } from './content/blob.repository.js';
import { ContentController } from './content/content.controller.js';
import { ContentRepository } from './content/content.repository.js';
import { ContentSystemRepository } from './content/content.system.repository.js';
import { DeleteContent } from './content/delete-content.js';
import { FetchContents } from './content/fetch-contents.js';
import { FetchRepository } from './content/fetch.repository.js';
import { FetchController } from './content/fetch.controller.js';
import { GatheredContentController } from './content/gathered-content.controller.js';
import { GetAttachment } from './content/get-attachment.js';
import { GetContent } from './content/get-content.js';
import { OnEmailAccepted } from './content/on-email-accepted.js';
import { PutContent } from './content/put-content.js';
import { PutTogether } from './content/put-together.js';
import { RemoveContents } from './content/remove-contents.js';
import { ReportCorruption } from './content/report-corruption.js';
import { StoreContent } from './content/store-content.js';
import type { ContentConfig } from './content.config.js';
import { consumes, emits } from './content.events.js';
import { CONTENT_LOGGER, REAPER_GRACES, TOKEN_PUBLIC_KEYS } from './content.tokens.js';
import { HealthController } from './health/health.controller.js';
import { mapError } from './map-error.js';
import { ClaimLag } from './reaper/claim-lag.js';
import { OnContentReferencesAnswered } from './reaper/on-content-references-answered.js';
import { ReapContents } from './reaper/reap-contents.js';
import { ReaperSystemRepository } from './reaper/reaper.system.repository.js';
import { contentDatabaseSettings } from './persistence/content-database.js';
import { FoldUsage } from './usage/fold-usage.js';
import { UsageRepository } from './usage/usage.repository.js';
import { UsageSystemRepository } from './usage/usage.system.repository.js';

const repositories = [
  AccessLogRepository,
  AttachmentRepository,
  BlobRepository,
  ContentRepository,
  ContentSystemRepository,
  FetchRepository,
  ReaperSystemRepository,
  UsageRepository,
  UsageSystemRepository,
];

const useCases = [
  AttachContents,
  DeleteContent,
  FetchContents,
  FoldUsage,
  GetAttachment,
  GetContent,
  PutContent,
  PutTogether,
  ReapContents,
  RemoveContents,
  ReportCorruption,
  StoreContent,
  ClaimLag,
];

const controllers = [
  ContentController,
  FetchController,
  GatheredContentController,
  HealthController,
  OnContentReferencesAnswered,
  OnEmailAccepted,
  ParkedEventController,
];

/** Composition root: the only place that knows how the parts of the service fit together. */
@Module({})
export class ContentModule {
  /** @param logger default: one of its own; a test hands in another */
  static forConfig(config: ContentConfig, logger: Logger = createLogger('content')): DynamicModule {
    return {
      module: ContentModule,
      imports: [
        DatabaseModule.forTier(contentDatabaseSettings(config.db)),
        MessagingModule.forTier({
          tier: 'content',
          brokers: config.kafka.brokers,
          consumes,
          emits,
          publicUrl: config.publicUrl,
          gatherMs: config.gatherMs,
          logger,
        }),
      ],
      controllers,
      providers: [
        ...repositories,
        ...useCases,
        { provide: ParkedEventDesk, useExisting: ParkedDesk },
        { provide: CONTENT_LOGGER, useValue: logger },
        { provide: GatheredDesk, useValue: gatheredDesk(config, logger) },
        { provide: REAPER_GRACES, useValue: config.reaper.graces },
        { provide: TOKEN_PUBLIC_KEYS, useValue: config.tokens.publicKeys },
        ...timers(config, logger),
      ],
    };
  }
}

function gatheredDesk({ tokens }: ContentConfig, logger: Logger): GatheredDesk {
  const callers = { publicKeys: tokens.publicKeys, audience: 'content' } as const;
  return new GatheredDesk({ callers, logger, mapError });
}

function timers({ reaper, usage }: ContentConfig, logger: Logger) {
  const task = (name: string, everyMs: number, work: { execute(): Promise<unknown> }) =>
    new PeriodicTask({ name, everyMs, logger, run: () => work.execute() });
  return [
    {
      provide: 'reaper timer',
      useFactory: (reap: ReapContents) => task('reap_contents', reaper.everyMs, reap),
      inject: [ReapContents],
    },
    {
      provide: 'usage timer',
      useFactory: (fold: FoldUsage) => task('fold_usage', usage.foldEveryMs, fold),
      inject: [FoldUsage],
    },
  ];
}
