import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from './backoff.ts';
import { handleControl } from './control-commands.ts';
import { listenForControl, sendControl } from './control-socket.ts';
import { LogFile } from './log-file.ts';
import type { Command, Part } from './part.ts';
import { identify, isAlive } from './process-identity.ts';
import { markOf } from './process-mark.ts';
import { ProcessRecords, stopProcess } from './process-records.ts';
import { claimDataDirectory, releaseDataDirectory } from './single-run.ts';
import { Supervisor } from './supervisor.ts';

/** A process that says when it serves and when it is asked to stop, by files. */
class TinyPart implements Part {
  readonly name: string;
  readonly order: number;
  readonly stopSignal = 'SIGTERM';
  readonly stopWithinMs: number = 60_000;
  readonly readyWithinMs = 60_000;
  readonly #directory: string;
  readonly #script: string;

  constructor(name: string, order: number, directory: string, script = SERVE) {
    this.name = name;
    this.order = order;
    this.#directory = directory;
    this.#script = script;
  }

  async prepare(): Promise<Command> {
    rmSync(this.#up, { force: true });
    const env = { UP: this.#up, STOPS: join(this.#directory, 'stops') };
    return { file: process.execPath, args: ['-e', this.#script, this.name], env };
  }

  async probe(): Promise<void> {
    if (!existsSync(this.#up)) throw new Error('not up yet');
  }

  get #up(): string {
    return join(this.#directory, `${this.name}.up`);
  }
}

const SERVE = `const fs = require('node:fs');
process.on('SIGTERM', () => { fs.appendFileSync(process.env.STOPS, process.argv[1] + ' '); process.exit(0); });
setInterval(() => {}, 1000);
fs.writeFileSync(process.env.UP, '');`;
const DEAF = SERVE.replace(/process\.on.*/, "process.on('SIGTERM', () => {});");
const BROKEN = `console.error('no licence'); process.exit(3);`;

let directory: string;
let supervisor: Supervisor;
let lines: string[];
const strangers: ChildProcess[] = [];

const supervise = (restart: boolean): Supervisor =>
  new Supervisor({ dataDirectory: directory, restart, say: (line) => lines.push(line) });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'supervisor-spec-'));
  lines = [];
  supervisor = supervise(true);
});

afterEach(async () => {
  await supervisor.stop();
  for (const stranger of strangers.splice(0)) stranger.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never came; ${lines.join('; ')}`);
    await delay(10);
  }
}

const part = (name: string, order = 3): TinyPart => new TinyPart(name, order, directory);
const stateOf = (name: string): string => supervisor.part(name).status().state;

describe('Supervisor', () => {
  it('restarts a part that dies, under a new pid', async () => {
    let changes = 0;
    supervisor.onChange(() => (changes += 1));
    await supervisor.start(part('a'));
    const before = supervisor.pid('a');
    const changesBefore = changes;
    process.kill(before ?? 0, 'SIGKILL');
    await until(() => stateOf('a') === 'ready' && supervisor.pid('a') !== before);
    expect(supervisor.part('a').status()).toMatchObject({ restarts: 1, state: 'ready' });
    expect(lines).toContain('a: died (SIGKILL), starts again in 0 ms');
    expect(changes).toBeGreaterThan(changesBefore);
  });

  it('tells of a part that is stopped by hand: its pid is nobody’s any more', async () => {
    const pids: (number | null)[] = [];
    await supervisor.start(part('a'));
    supervisor.onChange(() => pids.push(supervisor.pid('a')));
    await supervisor.part('a').stop();
    expect(pids).toEqual([null]);
  });

  it('leaves it dead with --no-restart until it is started by hand', async () => {
    supervisor = supervise(false);
    await supervisor.start(part('a'));
    await supervisor.part('a').kill();
    await until(() => stateOf('a') === 'dead');
    await supervisor.part('a').start();
    expect(stateOf('a')).toBe('ready');
  });

  it('stops in order, the deaf by SIGKILL, and leaves no record', async () => {
    const deaf = new TinyPart('deaf', 2, directory, DEAF);
    Object.assign(deaf, { stopWithinMs: 200 });
    await Promise.all([supervisor.start(part('database', 0)), supervisor.start(part('app', 3))]);
    await supervisor.start(deaf);
    const pids = ['app', 'deaf', 'database'].map((name) => supervisor.pid(name) ?? 0);
    await supervisor.stop();
    expect(readFileSync(join(directory, 'stops'), 'utf8')).toBe('app database ');
    expect(pids.map(identify)).toEqual([undefined, undefined, undefined]);
    expect(existsSync(join(directory, 'processes.json'))).toBe(false);
    await expect(supervisor.start(part('late'))).rejects.toThrow('the stack is stopping');
  });

  it('names the log of a part that does not come up', async () => {
    const broken = new TinyPart('broken', 1, directory, BROKEN);
    await expect(supervisor.start(broken)).rejects.toThrow(/broken died[^]*no licence/);
    expect(stateOf('broken')).toBe('dead');
  });

  it('stops a part that is waiting for its restart', async () => {
    await supervisor.start(part('a'));
    for (const restarts of [1, 2, 3]) {
      process.kill(supervisor.pid('a') ?? 0, 'SIGKILL');
      await until(() => supervisor.part('a').status().restarts === restarts);
      if (restarts < 3) await until(() => stateOf('a') === 'ready');
    }
    await supervisor.part('a').stop();
    await delay(500); // longer than the wait it was in
    expect(supervisor.part('a').status()).toMatchObject({ state: 'stopped', pid: null });
  });

  it('obeys the control socket, and nobody answers without a stack', async () => {
    expect(await sendControl(directory, 'status')).toBeUndefined();
    await supervisor.start(part('a'));
    let stopped = false;
    const server = await listenForControl(directory, (command, name) =>
      handleControl(supervisor, () => (stopped = true), command, name),
    );
    expect((await sendControl(directory, 'pause', 'a'))?.ok).toBe(true);
    expect((await sendControl(directory, 'status'))?.text).toMatch(/a +paused/);
    expect((await sendControl(directory, 'resume', 'a'))?.text).toBe('a: ready');
    expect((await sendControl(directory, 'stop', 'a'))?.text).toBe('a: stopped (exit 0)');
    expect((await sendControl(directory, 'start', 'a'))?.text).toBe('a: ready');
    expect(await sendControl(directory, 'pause', 'b')).toMatchObject({ ok: false });
    expect(await sendControl(directory, 'explode', 'a')).toMatchObject({ ok: false });
    await sendControl(directory, 'stop');
    expect(stopped).toBe(true);
    server.close();
  });
});

describe('leftovers of a killed supervisor', () => {
  it('are stopped by the next one', async () => {
    await supervisor.start(part('a'));
    await supervisor.part('a').stop();
    const orphan = await startStranger(SERVE);
    new ProcessRecords(join(directory, 'processes.json')).add('a', orphan, 'SIGTERM', 3);
    await supervise(true).stopLeftovers();
    await until(() => identify(orphan) === undefined);
  });

  it('are stopped even when the supervisor died before it recorded them', async () => {
    const unrecorded = { name: 'a', stopSignal: 'SIGTERM', order: 3 } as const;
    const orphan = await startStranger(SERVE, markOf(directory, unrecorded));
    const foreign = await startStranger(SERVE, markOf('/another/directory', unrecorded));
    await supervise(true).stopLeftovers();
    await until(() => identify(orphan) === undefined);
    expect(identify(foreign)).toBeDefined();
  });

  it('are not processes that were given the same pid later', async () => {
    const stranger = await startStranger(SERVE);
    const record = { pid: stranger, started: 'before', part: 'a', order: 3 };
    writeFileSync(join(directory, 'processes.json'), JSON.stringify([record]));
    await supervise(true).stopLeftovers();
    await stopProcess({ ...record, stopSignal: 'SIGKILL' }, 100);
    expect(identify(stranger)).toBeDefined();
  });

  it('do not keep the data directory claimed, a living supervisor does', async () => {
    const stranger = await startStranger(SERVE);
    const claim = join(directory, 'supervisor.json');
    writeFileSync(claim, JSON.stringify(identify(stranger)));
    expect(() => claimDataDirectory(directory)).toThrow(`pid ${stranger}`);
    process.kill(stranger, 'SIGKILL');
    await until(() => identify(stranger) === undefined);
    claimDataDirectory(directory);
    releaseDataDirectory(directory);
    expect(existsSync(claim)).toBe(false);
  });
});

async function startStranger(script: string, mark = {}): Promise<number> {
  const up = join(directory, `stranger-${strangers.length}.up`);
  const env = { UP: up, STOPS: join(directory, 'stops'), ...mark };
  const child = spawn(process.execPath, ['-e', script, 'stranger'], { env, stdio: 'ignore' });
  strangers.push(child);
  await once(child, 'spawn');
  await until(() => existsSync(up));
  return child.pid ?? 0;
}

describe('small parts', () => {
  it('wait longer after each death, and forget after a healthy run', () => {
    const backoff = new Backoff();
    expect([0, 0, 0, 0].map((ran) => backoff.next(ran))).toEqual([0, 100, 200, 400]);
    for (let deaths = 0; deaths < 20; deaths += 1) backoff.next(0);
    expect(backoff.next(0)).toBe(10_000);
    expect(backoff.next(60_000)).toBe(0);
  });

  it('rotate a log by size while its writer keeps it open', () => {
    const log = new LogFile(join(directory, 'big.log'));
    const descriptor = log.open();
    writeFileSync(descriptor, `${'x'.repeat(11 * 1024 * 1024)}\n`);
    log.rotate();
    writeFileSync(descriptor, 'one\ntwo\n');
    log.close(descriptor);
    expect(readFileSync(log.path, 'utf8')).toBe('one\ntwo\n');
    expect(log.tail(1)).toBe('two');
    expect(existsSync(`${log.path}.1`)).toBe(true);
  });

  it('know themselves', () => {
    const self = identify(process.pid);
    expect(self && isAlive(self)).toBe(true);
    expect(self && isAlive({ ...self, started: 'another' })).toBe(false);
  });
});
