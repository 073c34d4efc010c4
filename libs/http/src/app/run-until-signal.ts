import type { Server } from 'node:http';
import type { INestApplication, INestApplicationContext } from '@nestjs/common';
import { type Logger, setLifecycle, stopTelemetry } from '@penguinmails/observability';
import { drain, type DrainTimes } from './drain.js';

export interface RunOptions {
  readonly logger: Logger;
  /** Where to listen; absent for a process without a port of its own. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** How long connections are still taken after the signal, in milliseconds. Default 1,000. */
  readonly lingerMs?: number;
}

const LINGER_MS = 1000;
/** Requests under way have this long, lingering included; after an error that nobody caught, little. */
const DRAIN_MS = 20_000;
const CRASH_TIMES: DrainTimes = { lingerMs: 0, timeoutMs: 1000 };
/** The whole way out. */
const EXIT_MS = 25_000;

/**
 * Starts the application, says it is ready, and sees it out: on SIGTERM or SIGINT it turns unready,
 * sends its clients away, stops accepting, answers what is under way, runs Nest's shutdown hooks, flushes telemetry and exits
 * 0, within 25 s. A second signal, or an error that nobody caught, ends it at once with 1.
 */
export async function runUntilSignal(
  app: INestApplication | INestApplicationContext,
  { logger, listen, lingerMs = LINGER_MS }: RunOptions,
): Promise<void> {
  const orderly = { lingerMs, timeoutMs: DRAIN_MS - lingerMs };
  const leave = once((reason: string, code: number) =>
    shutDown(app, logger, { reason, code, times: code === 0 ? orderly : CRASH_TIMES }),
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => leave(signal, 0));
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, 'nobody caught this');
      leave(event, 1);
    });
  await start(app, listen);
  setLifecycle('ready');
  logger.info({ ...listen }, 'ready');
}

async function start(
  app: INestApplication | INestApplicationContext,
  listen: RunOptions['listen'],
): Promise<void> {
  if (listen && 'listen' in app) await app.listen(listen.port, listen.host);
  else await app.init();
}

/** The first call runs `leave`; another one means that somebody is out of patience. */
function once(leave: (reason: string, code: number) => Promise<void>) {
  let leaving = false;
  return (reason: string, code: number): void => {
    if (leaving) process.exit(1);
    leaving = true;
    void leave(reason, code);
  };
}

interface Leave {
  readonly reason: string;
  readonly code: number;
  readonly times: DrainTimes;
}

async function shutDown(
  app: INestApplication | INestApplicationContext,
  logger: Logger,
  { reason, code, times }: Leave,
): Promise<void> {
  const late = setTimeout(() => process.exit(1), EXIT_MS);
  late.unref();
  logger.info({ reason }, 'stopping');
  setLifecycle('stopping');
  try {
    if ('getHttpServer' in app) await drain(app.getHttpServer() as Server, times);
    await app.close();
    logger.info({ reason }, 'stopped');
    await stopTelemetry();
    process.exit(code);
  } catch (error) {
    logger.fatal({ err: error }, 'could not stop cleanly');
    process.exit(1);
  }
}
