import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePortBase } from '../../libs/testing/src/free-port.ts';
import { nodePath, root } from '../stack/repository.ts';
import { readStackFile } from '../stack/stack-file.ts';
import { inheritedEnvironment } from './test.config.ts';
import { sweepAbandoned, temporaryDirectory } from './test-parts.ts';

const READY_WITHIN_MS = 600_000;
const POLL_MS = 100;

/** A whole product of its own, started as `npm start` starts it. */
export interface TestStack {
  dataDirectory: string;
  /** `stack.json`, where tests find everything else. */
  file: string;
  stop(): Promise<void>;
}

/**
 * `npm start` with these options and variables on free ports and a throw-away data directory, output on stderr.
 *
 * @throws Error when it ends before it is ready
 */
export async function startTestStack(
  options: readonly string[],
  environment: Record<string, string>,
): Promise<TestStack> {
  await sweepAbandoned();
  const dataDirectory = temporaryDirectory();
  const child = await spawnStart(dataDirectory, options, environment);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(dataDirectory, { recursive: true, force: true });
  };
  try {
    await untilReady(child, dataDirectory);
  } catch (error) {
    await stop();
    throw error;
  }
  return { dataDirectory, file: join(dataDirectory, 'stack.json'), stop };
}

/** `npm start -- --once` and the like: runs to its end. */
export async function runStart(options: readonly string[]): Promise<number | null> {
  await sweepAbandoned();
  const dataDirectory = temporaryDirectory();
  const child = await spawnStart(dataDirectory, options, {});
  const [code] = (await once(child, 'exit')) as [number | null];
  rmSync(dataDirectory, { recursive: true, force: true });
  return code;
}

/** Not through npm: a signal must reach the supervisor itself. */
async function spawnStart(
  dataDirectory: string,
  options: readonly string[],
  environment: Record<string, string>,
): Promise<ChildProcess> {
  const ports = String(await freePortBase());
  const where = ['--data-dir', dataDirectory, '--port-base', ports];
  const script = join(root, 'tools', 'start.mjs');
  const stdio: ['ignore', 2, 'inherit'] = ['ignore', 2, 'inherit'];
  const env = { ...inheritedEnvironment(), ...environment };
  return spawn(nodePath, [script, ...where, ...options], { cwd: root, stdio, env });
}

async function untilReady(child: ChildProcess, dataDirectory: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (readStackFile(dataDirectory) === undefined) {
    if (child.exitCode !== null) throw new Error('the stack ended before it was ready');
    if (Date.now() > deadline) throw new Error(`the stack was not ready in ${READY_WITHIN_MS} ms`);
    await delay(POLL_MS);
  }
}
