import { type ChildProcess, fork, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { nodeFlags } from '../../stack/node-flags.ts';
import type { RunAnswer, RunRequest } from './contender-run.ts';
import { within } from './deadline.ts';

const RUN_WITHIN_MS = 600_000;
const END_WITHIN_MS = 120_000;
const PROGRAM = new URL('contender-run.ts', import.meta.url).pathname;

/** Runs one measurement in a process of its own; a failure is an answer too. */
export async function runContender(request: RunRequest): Promise<RunAnswer> {
  const options: ForkOptions = { stdio: ['ignore', 2, 2, 'ipc'], execArgv: [...nodeFlags] };
  const child = fork(PROGRAM, [JSON.stringify(request)], options);
  const ended = once(child, 'exit') as Promise<[number | null]>;
  try {
    const answer = await within(RUN_WITHIN_MS, 'a measurement', firstOf(child, ended));
    if ('figures' in answer) await within(END_WITHIN_MS, 'the end of its process', ended);
    return answer;
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await ended;
    }
  }
}

async function firstOf(child: ChildProcess, ended: Promise<[number | null]>): Promise<RunAnswer> {
  const said = once(child, 'message') as Promise<[RunAnswer]>;
  const gone = ended.then(([code]): [RunAnswer] => [{ failure: `its process ended with ${code}` }]);
  const [answer] = await Promise.race([said, gone]);
  return answer;
}
