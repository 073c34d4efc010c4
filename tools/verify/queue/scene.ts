import { join } from 'node:path';
import { freePorts } from '../../../libs/testing/src/free-port.ts';
import { TcpFront } from '../../stack/front/tcp-front.ts';
import type { SupervisedPart } from '../../stack/supervisor/supervised-part.ts';
import { AppPart } from './app-part.ts';
import { type Form, type JobLimits, limitsPreload } from './form.ts';
import { queueCommand, workerCommand } from './processes.ts';
import { DATABASE_PART, type Stage } from './stage.ts';

/** Jobs that one worker holds at once, and of them quick ones in work. */
const CAPACITY = 120;
const AT_ONCE = 2;

interface Ports {
  readonly http: number;
  readonly metrics: number;
}

/** Replicas of the queue service, one address for all of them, and workers that use it. */
export class Scene {
  readonly stage: Stage;
  readonly form: Form;
  readonly replicas: readonly string[];
  readonly workers: readonly string[];
  /** Loaded before every replica: the broken part of a mutant. */
  readonly #mutant: readonly string[];
  readonly #ports: ReadonlyMap<string, Ports>;
  readonly #frontPort: number;
  readonly #starts = new Map<string, number>();
  readonly #shifts = new Map<string, number>();
  #limits: JobLimits;
  #front: TcpFront | undefined;

  private constructor(
    stage: Stage,
    form: Form,
    sizes: { replicas: number; workers: number },
    mutant: readonly string[],
    ports: readonly number[],
  ) {
    this.stage = stage;
    this.form = form;
    this.#limits = form.limits;
    this.#mutant = mutant;
    this.replicas = Array.from({ length: sizes.replicas }, (_, n) => `queue-${n + 1}`);
    this.workers = Array.from({ length: sizes.workers }, (_, n) => `worker-${n + 1}`);
    const names = [...this.replicas, ...this.workers];
    this.#frontPort = ports[0] ?? 0;
    this.#ports = new Map(
      names.map((name, n) => [
        name,
        { http: ports[2 * n + 1] ?? 0, metrics: ports[2 * n + 2] ?? 0 },
      ]),
    );
  }

  static async create(
    stage: Stage,
    form: Form,
    sizes: { replicas: number; workers: number },
    mutant: readonly string[],
  ): Promise<Scene> {
    const ports = await freePorts(1 + 2 * (sizes.replicas + sizes.workers));
    return new Scene(stage, form, sizes, mutant, ports);
  }

  /** Starts replicas and the address before them. */
  async startQueue(): Promise<void> {
    await Promise.all(this.replicas.map((name) => this.#startPart(name)));
    const backends = this.replicas.map((name) => {
      const { http, metrics } = this.#portsOf(name);
      return { port: http, readyUrl: `http://127.0.0.1:${metrics}/readyz` };
    });
    this.#front = new TcpFront(this.#frontPort, backends);
    await this.#front.listen();
  }

  async startWorkers(): Promise<void> {
    await Promise.all(this.workers.map((name) => this.#startPart(name)));
  }

  /** Everything is started anew with other limits. */
  async restartWith(limits: JobLimits): Promise<void> {
    this.#limits = limits;
    await Promise.all(this.workers.map((name) => this.part(name).stop()));
    await Promise.all(this.replicas.map((name) => this.restart(name)));
    await Promise.all(this.workers.map((name) => this.part(name).start()));
  }

  /** A stop and a start; from now on with a wall clock that is so far off. */
  async shiftClock(worker: string, ms: number): Promise<void> {
    this.#shifts.set(worker, ms);
    await this.restart(worker);
  }

  async restart(name: string): Promise<void> {
    await this.part(name).stop();
    await this.part(name).start();
  }

  part(name: string): SupervisedPart {
    return this.stage.supervisor.part(name);
  }

  get database(): SupervisedPart {
    return this.part(DATABASE_PART);
  }

  get limits(): JobLimits {
    return this.#limits;
  }

  /** The id at the queue of the process that runs now. */
  idOf(worker: string): string {
    return `${worker}.${this.#starts.get(worker) ?? 0}`;
  }

  urlOf(replica: string): string {
    return `http://127.0.0.1:${this.#portsOf(replica).http}`;
  }

  metricsUrlOf(name: string): string {
    return `http://127.0.0.1:${this.#portsOf(name).metrics}/metrics`;
  }

  async close(): Promise<void> {
    await this.#front?.close();
  }

  #portsOf(name: string): Ports {
    const ports = this.#ports.get(name);
    if (!ports) throw new Error(`nothing is called ${name}`);
    return ports;
  }

  async #startPart(name: string): Promise<void> {
    const command = this.replicas.includes(name)
      ? () => this.#queue(name)
      : () => this.#worker(name);
    const { metrics: metricsPort } = this.#portsOf(name);
    await this.stage.supervisor.start(new AppPart({ name, metricsPort, command }));
  }

  #queue(name: string) {
    const preloads = [limitsPreload(this.#limits), ...this.#mutant];
    return queueCommand(this.stage, this.#portsOf(name), preloads);
  }

  #worker(name: string) {
    this.#starts.set(name, (this.#starts.get(name) ?? 0) + 1);
    const settings = {
      name: this.idOf(name),
      queueUrl: `http://127.0.0.1:${this.#frontPort}`,
      privateKey: this.stage.signing.worker.private_key,
      capacity: CAPACITY,
      atOnce: AT_ONCE,
      heartbeatMs: this.#limits.heartbeatMs,
      journalFile: join(this.stage.directory, 'journals', `${name}.jsonl`),
    };
    const shift = this.#shifts.get(name);
    const preloads = [limitsPreload(this.#limits), ...(shift ? [shiftPreload(shift)] : [])];
    return workerCommand(settings, this.#portsOf(name).metrics, preloads);
  }
}

function shiftPreload(ms: number): string {
  const url = new URL('preloads/clock-shift.ts', import.meta.url);
  url.searchParams.set('ms', String(ms));
  return url.href;
}
