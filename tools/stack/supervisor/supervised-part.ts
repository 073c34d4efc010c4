import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from './backoff.ts';
import { LogFile } from './log-file.ts';
import type { Command, Part, PartState, PartStatus } from './part.ts';
import { signalFamily } from './process-family.ts';
import { markOf } from './process-mark.ts';
import type { ProcessRecords } from './process-records.ts';

const PROBE_EVERY_MS = 25;
const TAIL_LINES = 15;

export interface SupervisedPartSettings {
  dataDirectory: string;
  logDirectory: string;
  records: ProcessRecords;
  /** False: a dead part stays dead until it is started by hand. */
  restart: boolean;
  /** Called whenever the state or the pid is another one. */
  changed: (part: SupervisedPart, event: string) => void;
}

/** Runs one part: start, readiness, restart with backoff, stop, kill, pause and resume. */
export class SupervisedPart {
  readonly part: Part;
  readonly log: LogFile;
  readonly #settings: SupervisedPartSettings;
  readonly #backoff = new Backoff();
  #child: ChildProcess | undefined;
  #state: PartState = 'stopped';
  #restarts = 0;
  #readySince: Date | undefined;
  #lastEnd: string | undefined;
  /** What the operator asked for last; a crash does not change it. */
  #wanted = false;
  #restartTimer: NodeJS.Timeout | undefined;

  constructor(part: Part, settings: SupervisedPartSettings) {
    this.part = part;
    this.#settings = settings;
    this.log = new LogFile(`${settings.logDirectory}/${part.name}.log`);
  }

  get name(): string {
    return this.part.name;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  status(): PartStatus {
    return {
      name: this.name,
      state: this.#state,
      pid: this.pid,
      restarts: this.#restarts,
      ready_since: this.#readySince?.toISOString() ?? null,
      last_end: this.#lastEnd ?? null,
    };
  }

  /** Starts the process and settles when it serves. A part that runs already is left alone. */
  async start(): Promise<void> {
    if (this.#child) return;
    clearTimeout(this.#restartTimer);
    this.#wanted = true;
    try {
      await this.#launch();
    } catch (error) {
      if (this.#wanted) this.#move('dead', 'did not start');
      this.#wanted = false;
      throw error;
    }
  }

  /** An orderly stop, SIGKILL when that takes too long; the part stays down. */
  async stop(): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#restartTimer);
    await this.#end();
    if (this.#state !== 'stopped') this.#move('stopped', 'stopped');
  }

  /** SIGKILL, settled when it has ended; what then happens is what happens after any crash. */
  async kill(): Promise<void> {
    const pid = this.#runningPid();
    const ended = this.#child && once(this.#child, 'exit');
    signalFamily(pid, 'SIGKILL');
    await ended;
  }

  pause(): void {
    signalFamily(this.#runningPid(), 'SIGSTOP');
    this.#move('paused', 'paused');
  }

  resume(): void {
    signalFamily(this.#runningPid(), 'SIGCONT');
    this.#move('ready', 'resumed');
  }

  #runningPid(): number {
    if (this.pid === null) throw new Error(`${this.name} is not running`);
    return this.pid;
  }

  async #launch(): Promise<void> {
    this.#move('starting', 'starting');
    const command = await this.part.prepare();
    if (!this.#wanted) throw new Error(`${this.name} was stopped while it started`);
    const child = this.#spawn(command);
    try {
      await this.#becomeReady(child);
    } catch (error) {
      await this.#end();
      throw error;
    }
    this.#readySince = new Date();
    this.#move('ready', `ready (pid ${this.pid})`);
  }

  /** Detached: Ctrl-C in a terminal must reach the supervisor only, which stops parts in order. */
  #spawn({ file, args, ...options }: Command): ChildProcess {
    const output = this.log.open();
    const stdio: ['ignore', number, number] = ['ignore', output, output];
    const env = { ...options.env, ...markOf(this.#settings.dataDirectory, this.part) };
    const child = spawn(file, args, { ...options, env, stdio, detached: true });
    this.log.close(output);
    this.#child = child;
    if (child.pid !== undefined) {
      this.#settings.records.add(this.name, child.pid, this.part.stopSignal, this.part.order);
    }
    child.once('error', (error) => this.#onEnd(child, error.message));
    child.once('exit', (code, signal) => this.#onEnd(child, signal ?? `exit ${code}`));
    return child;
  }

  async #becomeReady(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + this.part.readyWithinMs;
    let reason = '';
    while (Date.now() < deadline) {
      if (this.#child !== child) throw new Error(this.#deathText());
      try {
        return await this.part.probe();
      } catch (error) {
        reason = (error as Error).message;
      }
      await delay(PROBE_EVERY_MS);
    }
    throw new Error(`${this.name} was not ready in ${this.part.readyWithinMs} ms: ${reason}`);
  }

  #deathText(): string {
    const tail = this.log.tail(TAIL_LINES);
    return `${this.name} died while it started; its log ${this.log.path} ends:\n${tail}`;
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (!child?.pid) return;
    this.#move('stopping', 'stopping');
    const ended = once(child, 'exit');
    const { pid } = child;
    const killer = setTimeout(() => signalFamily(pid, 'SIGKILL'), this.part.stopWithinMs);
    signalFamily(pid, 'SIGCONT');
    child.kill(this.part.stopSignal);
    await ended;
    clearTimeout(killer);
    if (child.signalCode !== 'SIGKILL') await this.part.ended?.();
  }

  #onEnd(child: ChildProcess, reason: string): void {
    if (this.#child !== child) return;
    const readySince = this.#readySince;
    this.#lastEnd = reason;
    this.#child = undefined;
    this.#readySince = undefined;
    if (child.pid !== undefined) this.#settings.records.remove(child.pid);
    if (!this.#wanted || !readySince) return;
    if (!this.#settings.restart) return this.#move('dead', `died (${reason})`);
    this.#restartLater(this.#backoff.next(Date.now() - readySince.getTime()), reason);
  }

  #restartLater(waitMs: number, reason: string): void {
    this.#restarts += 1;
    this.#move('waiting', `died (${reason}), starts again in ${waitMs} ms`);
    this.#restartTimer = setTimeout(() => void this.#restart(), waitMs);
  }

  async #restart(): Promise<void> {
    try {
      await this.#launch();
    } catch (error) {
      const reason = (error as Error).message.split('\n')[0] ?? '';
      if (this.#wanted) this.#restartLater(this.#backoff.next(0), reason);
    }
  }

  #move(state: PartState, event: string): void {
    this.#state = state;
    this.#settings.changed(this, event);
  }
}
