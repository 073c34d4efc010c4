import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';

/** What a program that ran to its end printed. */
export interface ProgramOutput {
  stdout: string;
}

/**
 * Runs a program that ends by itself: compiler, migration, bootstrap.
 *
 * @throws Error with what it printed when it fails, and an AbortError when `signal` ends it
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd: string; signal: AbortSignal },
): Promise<ProgramOutput> {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  const [stdout, stderr] = await output;
  if (code === 0) return { stdout };
  throw new Error(`${[file, ...args].join(' ')}: ${signal ?? `exit ${code}`}\n${stdout}${stderr}`);
}
