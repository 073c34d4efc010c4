import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { nodeFlags } from '../../stack/node-flags.ts';
import type { ProcessSettings } from './process-settings.ts';

const programs = {
  writer: new URL('writer-process.ts', import.meta.url),
  relay: new URL('relay-process.ts', import.meta.url),
  consumer: new URL('consumer-process.ts', import.meta.url),
} as const;
export type Role = keyof typeof programs;

export interface ActorSettings extends ProcessSettings {
  readonly role: Role;
  readonly logDirectory: string;
  /** Modules loaded before the program: they replace a part of the product by a wrong one. */
  readonly preloads: readonly string[];
}

/** One process under test, which can be killed, paused and started again. */
export class Actor {
  readonly name: string;
  readonly #settings: ActorSettings;
  #child: ChildProcess | undefined;
  readonly #changes: Partial<ProcessSettings> = {};
  #starts = 0;
  kills = 0;
  /** How often it ended without being told to. */
  deaths = 0;

  constructor(settings: ActorSettings) {
    this.name = settings.name;
    this.#settings = settings;
  }

  /** Settles when the process says that it works. @param changes to its settings, from now on */
  async start(changes: Partial<ProcessSettings> = {}): Promise<void> {
    Object.assign(this.#changes, changes);
    const child = this.#spawn();
    const [message] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    if (message !== 'ready' && this.#child === child)
      throw new Error(`${this.name} ended while it started: see its log`);
  }

  /** SIGKILL; settles when the process has ended. */
  async kill(): Promise<void> {
    this.kills += 1;
    await this.#end((child) => child.kill('SIGKILL'));
  }

  /** SIGKILL, and a new process in its place. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Orderly: what is in hand is finished. */
  async stop(): Promise<void> {
    await this.#end((child) => child.send('stop'));
  }

  get runs(): boolean {
    return this.#child !== undefined;
  }

  async #end(by: (child: ChildProcess) => void): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    const ended = once(child, 'exit');
    by(child);
    await ended;
  }

  #spawn(): ChildProcess {
    const { role, logDirectory, preloads, ...rest } = this.#settings;
    const seed = rest.seed * 1000 + ++this.#starts;
    const settings: ProcessSettings = { ...rest, ...this.#changes, seed };
    const log = openSync(`${logDirectory}/${this.name}.log`, 'a');
    const child = fork(programs[role], [JSON.stringify(settings)], {
      execArgv: [
        ...nodeFlags,
        '--disable-warning=ExperimentalWarning',
        ...preloads.flatMap((module) => ['--import', module]),
      ],
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#child = child;
    child.once('exit', () => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.deaths += 1;
    });
    return child;
  }
}
