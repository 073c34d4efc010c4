import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule } from '@penguinmails/database';
import { GatheredDesk, ParkedEventController, ParkedEventDesk } from '@penguinmails/http';
import type { Logger } from '@penguinmails/observability';
import { MessagingModule, ParkedDesk } from '@penguinmails/outbox';
import { AddressHasher } from './address/address-hasher.js';
import { ApiKeyController } from './api-key/api-key.controller.js';
import { ApiKeyRepository } from './api-key/api-key.repository.js';
import { ApiKeySystemRepository } from './api-key/api-key.system.repository.js';
import { CreateApiKey } from './api-key/create-api-key.js';
import { KeyUsage } from './api-key/key-usage.js';
import { ResolveKey } from './api-key/resolve-key.js';
import { AuditRepository } from './audit/audit.repository.js';
import { ContentReferenceRepository } from './consistency/content-reference.repository.js';
import { OnContentReferencesAsked } from './consistency/on-content-references-asked.js';
import { StoreDkimKeys } from './dkim/store-dkim-keys.js';
import { AcceptanceRepository } from './email/acceptance.repository.js';
import { AcceptEmail } from './email/accept-email.js';
import { AcceptTogether } from './email/accept-together.js';
import { AcceptanceDraft } from './email/acceptance-draft.js';
import { AcceptedEmailRepository } from './email/accepted-email.repository.js';
import { AttemptController } from './email/attempt.controller.js';
import { AttemptRepository } from './email/attempt.repository.js';
import { BeginAttempts } from './email/begin-attempts.js';
import { BeginForTenant } from './email/begin-for-tenant.js';
import { BeginTogether } from './email/begin-together.js';
import { CancelEmail } from './email/cancel-email.js';
import { EmailController } from './email/email.controller.js';
import { EmailRepository } from './email/email.repository.js';
import { EmailSystemRepository } from './email/email.system.repository.js';
import { GatheredEmailController } from './email/gathered-email.controller.js';
import { GetEmail } from './email/get-email.js';
import { ListEmails } from './email/list-emails.js';
import { OnDeliveryRecorded } from './email/on-delivery-recorded.js';
import { GrantReader } from './grant/grants.js';
import { HealthController } from './health/health.controller.js';
import { GatheredReservationController } from './idempotency/gathered-reservation.controller.js';
import { IdempotencyController } from './idempotency/idempotency.controller.js';
import { IdempotencyRepository } from './idempotency/idempotency.repository.js';
import { IdempotencySystemRepository } from './idempotency/idempotency.system.repository.js';
import { IdempotentAnswer } from './idempotency/idempotent-answer.js';
import { PurgeExpiredKeys } from './idempotency/purge-expired-keys.js';
import { ReleaseKey } from './idempotency/release-key.js';
import { ReserveTogether } from './idempotency/reserve-together.js';
import { ReserveKey } from './idempotency/reserve-key.js';
import { MailboxController } from './mailbox/mailbox.controller.js';
import { MailboxRepository } from './mailbox/mailbox.repository.js';
import { ReadTransports } from './mailbox/read-transports.js';
import { SecretBox } from './mailbox/secret-box.js';
import { housekeeping } from './maintenance/housekeeping.js';
import type { OltpConfig } from './oltp.config.js';
import { entities } from './oltp.entities.js';
import { consumes, emits } from './oltp.events.js';
import { mapError } from './map-error.js';
import { OLTP_LOGGER } from './oltp.tokens.js';
import { oltpDatabaseSettings } from './persistence/oltp-database.js';
import { CreateTenant } from './tenant/create-tenant.js';
import { FoundTenant } from './tenant/found-tenant.js';
import { TenantController } from './tenant/tenant.controller.js';
import { TenantRepository } from './tenant/tenant.repository.js';
import { FoldUsage } from './usage/fold-usage.js';
import { UsageSystemRepository } from './usage/usage.system.repository.js';

const repositories = [
  AcceptanceRepository,
  AcceptedEmailRepository,
  ApiKeyRepository,
  ApiKeySystemRepository,
  AttemptRepository,
  AuditRepository,
  ContentReferenceRepository,
  EmailRepository,
  EmailSystemRepository,
  IdempotencyRepository,
  IdempotencySystemRepository,
  MailboxRepository,
  TenantRepository,
  UsageSystemRepository,
];

const useCases = [
  AcceptanceDraft,
  AcceptEmail,
  AcceptTogether,
  BeginAttempts,
  BeginForTenant,
  BeginTogether,
  CancelEmail,
  CreateApiKey,
  CreateTenant,
  FoldUsage,
  FoundTenant,
  GetEmail,
  IdempotentAnswer,
  KeyUsage,
  ListEmails,
  PurgeExpiredKeys,
  ReadTransports,
  ReleaseKey,
  ReserveKey,
  ReserveTogether,
  ResolveKey,
  StoreDkimKeys,
];

const controllers = [
  ApiKeyController,
  AttemptController,
  EmailController,
  GatheredEmailController,
  GatheredReservationController,
  HealthController,
  IdempotencyController,
  MailboxController,
  OnContentReferencesAsked,
  OnDeliveryRecorded,
  ParkedEventController,
  TenantController,
];

/** Composition root: the only place that knows how the parts of the service fit together. */
@Module({})
export class OltpModule {
  static forConfig(config: OltpConfig, logger: Logger): DynamicModule {
    const onProblem = (err: Error): void => logger.warn({ err }, 'database connection problem');
    return {
      module: OltpModule,
      imports: [
        DatabaseModule.forTier(oltpDatabaseSettings(config.db, { entities, onProblem })),
        MessagingModule.forTier({
          tier: 'oltp',
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
        ...keyring(config),
        ...housekeeping(logger),
        { provide: GatheredDesk, useValue: gatheredDesk(config, logger) },
        { provide: ParkedEventDesk, useExisting: ParkedDesk },
        { provide: OLTP_LOGGER, useValue: logger },
      ],
    };
  }
}

function gatheredDesk({ tokens }: OltpConfig, logger: Logger): GatheredDesk {
  const callers = { publicKeys: tokens.publicKeys, audience: 'oltp' } as const;
  return new GatheredDesk({ callers, logger, mapError });
}

/** What holds a secret or a key of the configuration. */
function keyring({ secrets, tokens }: OltpConfig) {
  return [
    { provide: AddressHasher, useValue: new AddressHasher(secrets.hashKey.reveal()) },
    { provide: SecretBox, useValue: new SecretBox(secrets.encryptionKey.reveal()) },
    { provide: GrantReader, useValue: new GrantReader(tokens.publicKeys) },
  ];
}
