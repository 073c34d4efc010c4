import { randomUUID } from 'node:crypto';
import { type DynamicModule, Module } from '@nestjs/common';
import { jobTypeNames, jobTypes } from '@penguinmails/contracts';
import { ServiceTokenSigner } from '@penguinmails/http';
import type { Deadlines } from '@penguinmails/http/tier-client';
import type { Logger } from '@penguinmails/observability';
import { ContentClient } from './clients/content.client.js';
import { OltpClient } from './clients/oltp.client.js';
import { QueueClient } from './clients/queue.client.js';
import { TierClients } from './clients/tier-clients.js';
import { createComposer } from './compose/create-composer.js';
import { MessageBuilder } from './compose/message-builder.js';
import { RedriveDeadLetters } from './redrive/redrive-dead-letters.js';
import { RunMaintenance } from './maintenance/run-maintenance.js';
import { SteppedHandler } from './stepped/stepped-handler.js';
import { HandlerRegistry } from './lease/handler-registry.js';
import { HeldJobs } from './lease/held-jobs.js';
import { LeaseKeeper } from './lease/lease-keeper.js';
import { LeaseLoop } from './lease/lease-loop.js';
import { OutcomeReporter } from './lease/outcome-reporter.js';
import { WorkerLifetime } from './lease/worker-lifetime.js';
import type { PlatformServers } from './send-email/choose-server.js';
import { SendEmail } from './send-email/send-email.js';
import { SendInShares } from './send-email/send-in-shares.js';
import { ServerDirectory } from './send-email/server-directory.js';
import { ServerShares } from './send-email/server-shares.js';
import { TransportDirectory } from './send-email/transport-directory.js';
import { createMailSender } from './smtp/create-mail-sender.js';
import type { MailSender } from './smtp/mail-sender.js';
import { parseSmtpUrl } from './smtp/smtp-server.js';
import type { WorkerConfig } from './worker.config.js';

/** Composition root: the only place that knows how the parts of the worker fit together. */
@Module({})
export class WorkerModule {
  static forConfig(
    config: WorkerConfig,
    logger: Logger,
    deadlines?: Partial<Deadlines>,
  ): DynamicModule {
    const useFactory = () => assemble(config, logger, deadlines);
    const providers = [{ provide: WorkerLifetime, useFactory }];
    return { module: WorkerModule, providers };
  }
}

/** @throws when a declared job type has no handler, or a URL of a mail server does not parse */
function assemble(
  config: WorkerConfig,
  logger: Logger,
  deadlines?: Partial<Deadlines>,
): WorkerLifetime {
  const signer = new ServiceTokenSigner({ issuer: 'worker', privateKey: config.privateKey });
  const tiers = new TierClients(config.tiers, signer, deadlines);
  const queue = new QueueClient(tiers.queue, `worker-${randomUUID()}`);
  const held = new HeldJobs();
  const pool = createMailSender(config.smtp.client, config.smtp, config.smtp);
  const sendEmail = createSendEmail(config, { held, tiers, pool, logger });
  const stepped = [new RedriveDeadLetters(queue), new RunMaintenance(queue)].map(
    (work) => new SteppedHandler(work, queue, logger),
  );
  const registry = new HandlerRegistry(jobTypeNames, [sendEmail, ...stepped]);
  const reporter = new OutcomeReporter(queue, held, logger, () => loop.hasRoom());
  const loop = new LeaseLoop(queue, held, registry, reporter, logger, config);
  const keeper = new LeaseKeeper(queue, held, logger);
  const heartbeatMs = Math.min(...Object.values(jobTypes).map((type) => type.heartbeatMs));
  return new WorkerLifetime({ loop, keeper, reporter, pool, tiers, logger, heartbeatMs });
}

interface SendParts {
  readonly held: HeldJobs;
  readonly tiers: TierClients;
  readonly pool: MailSender;
  readonly logger: Logger;
}

function createSendEmail(config: WorkerConfig, { held, tiers, pool, logger }: SendParts) {
  const oltp = new OltpClient(tiers.oltp);
  const content = new ContentClient(tiers.content);
  const directory = new TransportDirectory(oltp);
  const servers = platformServers(config);
  const composer = createComposer(config.composer);
  const builder = new MessageBuilder(composer, config.rsaSigner, logger);
  const sendEmail = new SendEmail(held, oltp, content, directory, builder, pool, servers, logger);
  const shares = new ServerShares(Math.ceil(config.capacity / 2));
  const names = new ServerDirectory(held, directory, servers);
  return new SendInShares(sendEmail, names, shares, logger);
}

function platformServers({ smtp }: WorkerConfig): PlatformServers {
  return {
    relay: parseSmtpUrl(smtp.relay.reveal()),
    sandbox: smtp.sandbox ? parseSmtpUrl(smtp.sandbox.reveal()) : null,
  };
}
