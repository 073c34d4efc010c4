import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Deadlines } from '@penguinmails/http/tier-client';
import { type Logger, NestLogger } from '@penguinmails/observability';
import type { WorkerConfig } from './worker.config.js';
import { WorkerModule } from './worker.module.js';

/**
 * The worker, not started: it has no port of its own, `init` begins to lease.
 * @param deadlines of its calls to the tiers, where they differ from the seed's
 */
export function createWorkerApplication(
  config: WorkerConfig,
  logger: Logger,
  deadlines?: Partial<Deadlines>,
): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(WorkerModule.forConfig(config, logger, deadlines), {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
}
