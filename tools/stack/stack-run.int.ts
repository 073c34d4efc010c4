import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { freePortBase } from '../../libs/testing/src/free-port.ts';
import { queryOnce } from './postgres/query.ts';
import { root } from './repository.ts';
import { readStackFile, type StackDescription } from './stack-file.ts';
import { identify, isAlive } from './supervisor/process-identity.ts';

// A parent that a test can kill without a warning to its child.
const PARENT = `const { spawn } = require('node:child_process');
spawn(process.execPath, process.argv.slice(1), { stdio: 'ignore' });
setInterval(() => {}, 1000);`;

let directory: string;
let options: string[];
const children: ChildProcess[] = [];

beforeAll(async () => {
  // Not a name that another test run takes for abandoned while the supervisor is killed.
  directory = mkdtempSync(join(tmpdir(), 'stack-run-'));
  chmodSync(directory, 0o755);
  const ports = ['--port-base', String(await freePortBase())];
  options = ['tools/start.mjs', '--apps', '', '--data-dir', directory, ...ports];
});

afterAll(async () => {
  for (const child of children) child.kill('SIGTERM');
  await until(() => !existsSync(join(directory, 'supervisor.json')));
  rmSync(directory, { recursive: true, force: true });
});

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [...args, ...options], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  return child;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 240_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it never came');
    await delay(50);
  }
}

async function untilReady(): Promise<StackDescription> {
  let stack: StackDescription | undefined;
  await until(() => (stack = readStackFile(directory)) !== undefined);
  if (!stack) throw new Error('not ready');
  return stack;
}

const pidsOf = (stack: StackDescription): (number | null)[] => [
  ...Object.values(stack.databases).map(({ pid }) => pid),
  stack.kafka.pid,
  stack.smtp.pid,
];
/** Who they are now: a pid may be another process's later. */
const identitiesOf = (pids: (number | null)[]) => pids.map((pid) => identify(pid ?? 0));
const alive = (processes: ReturnType<typeof identitiesOf>): boolean[] =>
  processes.map((one) => one !== undefined && isAlive(one));

describe('npm start', () => {
  let first: StackDescription;

  it('describes the running parts for tools, and for this user only', async () => {
    start();
    first = await untilReady();
    expect(statSync(join(directory, 'stack.json')).mode & 0o777).toBe(0o600);
    expect(new Set(alive(identitiesOf(pidsOf(first))))).toEqual(new Set([true]));
    const { app_url, system_url } = first.databases.queue;
    const users = [app_url, system_url].map((url) => queryOnce(url, 'SELECT current_user AS u'));
    expect(await Promise.all(users)).toEqual([[{ u: 'queue_app' }], [{ u: 'queue_system' }]]);
  });

  it('refuses a second supervisor on the same data', async () => {
    const second = start();
    const [complaint, [code]] = await Promise.all([
      text(second.stderr ?? process.stdin),
      once(second, 'exit'),
    ]);
    expect(code).toBe(1);
    expect(complaint).toContain('a stack already runs');
    expect(alive(identitiesOf([first.supervisor_pid]))).toEqual([true]);
  });

  it('rewrites the description when a part comes back under another pid', async () => {
    process.kill(first.databases.olap.pid ?? 0, 'SIGKILL');
    await until(() => {
      const pid = readStackFile(directory)?.databases.olap.pid ?? null;
      return pid !== null && pid !== first.databases.olap.pid;
    });
  });

  it('recovers from kill -9 of itself: its leftovers end, the same ports serve again', async () => {
    const before = await untilReady();
    const parts = identitiesOf(pidsOf(before));
    process.kill(before.supervisor_pid, 'SIGKILL');
    start();
    await until(() => (readStackFile(directory)?.supervisor_pid ?? 0) !== before.supervisor_pid);
    const again = await untilReady();
    expect(again.kafka.brokers).toBe(before.kafka.brokers);
    expect(again.databases.oltp.app_url).toBe(before.databases.oltp.app_url);
    expect(new Set(alive(parts))).toEqual(new Set([false]));
    await stop(again);
  });

  it('stops everything when its parent dies', async () => {
    const parent = start('-e', PARENT);
    const stack = await untilReady();
    const supervisor = identitiesOf([stack.supervisor_pid]);
    const parts = identitiesOf(pidsOf(stack));
    parent.kill('SIGKILL');
    await until(() => !alive(supervisor)[0]);
    expect(new Set(alive(parts))).toEqual(new Set([false]));
    expect(existsSync(join(directory, 'stack.json'))).toBe(false);
  });
});

async function stop(stack: StackDescription): Promise<void> {
  const supervisor = identitiesOf([stack.supervisor_pid]);
  process.kill(stack.supervisor_pid, 'SIGTERM');
  await until(() => !alive(supervisor)[0]);
  expect(readStackFile(directory)).toBeUndefined();
}
