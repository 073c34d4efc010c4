import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { nodePath, root } from '../stack/repository.ts';

/** What a stage adds to the last line of `npm test`. */
export interface Counts {
  passed: number;
  failed: number;
}

/** One thing that CI checks. `signal` ends it when the run is broken off. */
export interface Stage {
  name: string;
  run(signal: AbortSignal): Promise<Counts>;
}

export const passed: Counts = { passed: 1, failed: 0 };

export const sum = (all: readonly Counts[]): Counts => ({
  passed: all.reduce((total, counts) => total + counts.passed, 0),
  failed: all.reduce((total, counts) => total + counts.failed, 0),
});

/** A stage that is one `npm run` script: one test, which fails with the script's output. */
export const scriptStage = (name: string, script: string): Stage => ({
  name,
  run: (signal) => quietly('npm', ['run', '--silent', script], signal),
});

/** A stage that is one program of node_modules, started with this Node. */
export const programStage = (name: string, program: string, ...args: string[]): Stage => ({
  name,
  run: (signal) => quietly(nodePath, [`node_modules/${program}`, ...args], signal),
});

/** Runs a program whose output matters only when it fails. @throws Error with that output */
async function quietly(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<Counts> {
  const child = spawn(file, args, { cwd: root, signal, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code === 0) return passed;
  throw new Error((await output).join(''));
}
