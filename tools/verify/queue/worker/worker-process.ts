// A worker process: all of the product's machinery around leases, with a handler of the suite.
import { NestFactory } from '@nestjs/core';
import { runUntilSignal, ServiceTokenSigner } from '@penguinmails/http';
import { createLogger, NestLogger } from '@penguinmails/observability';
import { type JobResult, QueueClient } from '../../../../apps/worker/dist/clients/queue.client.js';
import { TierClients } from '../../../../apps/worker/dist/clients/tier-clients.js';
import { HandlerRegistry } from '../../../../apps/worker/dist/lease/handler-registry.js';
import { HeldJobs } from '../../../../apps/worker/dist/lease/held-jobs.js';
import { LeaseKeeper } from '../../../../apps/worker/dist/lease/lease-keeper.js';
import { LeaseLoop } from '../../../../apps/worker/dist/lease/lease-loop.js';
import { OutcomeReporter } from '../../../../apps/worker/dist/lease/outcome-reporter.js';
import { WorkerLifetime } from '../../../../apps/worker/dist/lease/worker-lifetime.js';
import { createMailSender } from '../../../../apps/worker/dist/smtp/create-mail-sender.js';
import { Journal } from './journal.ts';
import { SuiteHandler } from './suite-handler.ts';
import { settingsOfArguments } from './worker-settings.ts';

const NOBODY = 'http://127.0.0.1:9';
const SMTP = { connections: 1, messagesPerConnection: 1, idleMs: 1_000 };
const SMTP_TIMES = { connectMs: 1_000, greetingMs: 1_000, silenceMs: 1_000 };

const settings = settingsOfArguments();
const logger = createLogger('worker');
const journal = await Journal.open(settings.journalFile, settings.name);

/** The queue as the reporter knows it; what it answers is noted. */
function notedFinish(queue: QueueClient): Pick<QueueClient, 'finish'> {
  const answerOf = (accepted: ReadonlySet<string>) => (result: JobResult) => ({
    event: 'answer' as const,
    job: result.job_id,
    tenant: result.tenant_id,
    lease: result.lease_token,
    kind: result.kind,
    accepted: accepted.has(result.job_id),
  });
  return {
    async finish(results) {
      const answer = await queue.finish(results);
      await journal.note(results.map(answerOf(new Set(answer.accepted))));
      return answer;
    },
  };
}

function assemble(): WorkerLifetime {
  const signer = new ServiceTokenSigner({ issuer: 'worker', privateKey: settings.privateKey });
  const urls = { oltp: NOBODY, content: NOBODY, queue: settings.queueUrl };
  const tiers = new TierClients(urls, signer);
  const queue = new QueueClient(tiers.queue, settings.name);
  const held = new HeldJobs();
  const registry = new HandlerRegistry(
    ['send_email'],
    [new SuiteHandler(journal, held, settings.atOnce)],
  );
  const reporter = new OutcomeReporter(notedFinish(queue), held, logger, () => loop.hasRoom());
  const loop = new LeaseLoop(queue, held, registry, reporter, logger, settings);
  const keeper = new LeaseKeeper(queue, held, logger);
  const pool = createMailSender('own', SMTP, SMTP_TIMES);
  const { heartbeatMs } = settings;
  return new WorkerLifetime({ loop, keeper, reporter, pool, tiers, logger, heartbeatMs });
}

class SuiteWorker {}

const root = {
  module: SuiteWorker,
  providers: [{ provide: WorkerLifetime, useFactory: assemble }],
};
const options = { logger: new NestLogger(logger), abortOnError: false };
await runUntilSignal(await NestFactory.createApplicationContext(root, options), { logger });
