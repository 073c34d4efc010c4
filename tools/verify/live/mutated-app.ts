import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { eventually } from '@penguinmails/testing/events';
import { type SourceChange, writePreload } from '../../mutants/source-change.ts';
import type { App } from '../../stack/ports.ts';
import { root } from '../../stack/repository.ts';
import { readStackFile, type StackDescription } from '../../stack/stack-file.ts';
import { sendControl } from '../../stack/supervisor/control-socket.ts';
import { temporaryDirectory } from '../../test/test-parts.ts';

/** A change that one app is started with. */
export interface AppChange extends SourceChange {
  readonly app: App;
}

const READY_WITHIN = { timeoutMs: 240_000, intervalMs: 100 };

/** Of a process of this user: how it was started. Linux only. */
function startOf(pid: number): { args: string[]; env: Record<string, string> } {
  const listed = (name: string): string[] =>
    readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').filter(Boolean);
  const pairs = listed('environ').map((line) => {
    const at = line.indexOf('=');
    return [line.slice(0, at), line.slice(at + 1)];
  });
  return { args: listed('cmdline'), env: Object.fromEntries(pairs) as Record<string, string> };
}

async function tell(stack: StackDescription, command: string, part: string): Promise<void> {
  const answer = await sendControl(stack.data_dir, command, part);
  if (!answer?.ok) throw new Error(`${command} ${part}: ${answer?.text ?? 'no stack'}`);
}

async function untilReady(url: string): Promise<void> {
  await eventually(async () => {
    const { ok } = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    return ok;
  }, READY_WITHIN);
}

/** Runs `work` while the app of the stack is replaced by one with the change, then puts it back. */
export async function withChange<T>(
  stack: StackDescription,
  change: AppChange,
  work: () => Promise<T>,
): Promise<T> {
  const { app } = change;
  const running = readStackFile(stack.data_dir)?.processes[app];
  if (!running?.pid) throw new Error(`${app} does not run`);
  const { args, env } = startOf(running.pid);
  const [file = '', ...rest] = args;
  await tell(stack, 'stop', app);
  const directory = temporaryDirectory();
  const preload = ['--import', writePreload(directory, [change]), ...rest];
  const child = spawn(file, preload, { cwd: root, env, stdio: ['ignore', 'ignore', 2] });
  try {
    await untilReady(running.metrics_url);
    return await work();
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(directory, { recursive: true });
    await tell(stack, 'start', app);
  }
}
