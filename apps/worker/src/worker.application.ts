import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Logger, NestLogger } from '@penguinmails/observability';
import type { WorkerConfig } from './worker.config.js';
import { WorkerModule } from './worker.module.js';

/** The worker, not started: it has no port of its own, `init` begins to lease. */
export function createWorkerApplication(
  config: WorkerConfig,
  logger: Logger,
): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(WorkerModule.forConfig(config, logger), {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
}
