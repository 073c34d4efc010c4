import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePortBase } from '../../libs/testing/src/free-port.ts';
import { temporaryDirectory } from '../test/test-parts.ts';

/** `ready`: every app serves; `shown`: the demonstration is over as well. */
export type Milestone = 'ready' | 'shown';

const LINES: Record<Milestone, RegExp> = { ready: /\] ready$/, shown: /^API docs / };

export interface MeasuredStart {
  milliseconds: number;
  dataDirectory: string;
  stop(): Promise<void>;
}

/**
 * Starts the product of a repository as a person does, output on stderr, and takes the time from
 * the start of the process to the milestone. Options given here win over the bench's own.
 *
 * @throws Error when it ends before that
 */
export async function startMeasured(
  repository: string,
  options: readonly string[],
  milestone: Milestone,
  environment: Readonly<Record<string, string>> = {},
): Promise<MeasuredStart> {
  const dataDirectory = temporaryDirectory();
  const where = ['--data-dir', dataDirectory, '--port-base', String(await freePortBase())];
  const script = join(repository, 'tools', 'start.mjs');
  const began = Date.now();
  const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
  const child = spawn('node', [script, ...where, ...options], {
    cwd: repository,
    env: { ...process.env, ...environment },
    stdio,
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
    rmSync(dataDirectory, { recursive: true, force: true });
  };
  for await (const line of createInterface({ input: child.stdout })) {
    process.stderr.write(`${line}\n`);
    if (!LINES[milestone].test(line)) continue;
    const milliseconds = Date.now() - began;
    child.stdout.resume();
    return { milliseconds, dataDirectory, stop };
  }
  throw new Error('the stack ended before it was ready');
}
