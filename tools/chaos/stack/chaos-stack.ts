import { setTimeout as delay } from 'node:timers/promises';
import type { App } from '../../stack/ports.ts';
import { readStackFile, type StackDescription } from '../../stack/stack-file.ts';
import { sendControl } from '../../stack/supervisor/control-socket.ts';
import { startTestStack, type TestStack } from '../../test/test-stack.ts';

const BACK_WITHIN_MS = 240_000;
const SINK_ANSWERS_WITHIN_MS = 60_000;
const POLL_MS = 50;
const START_ATTEMPTS = 5;

export interface ChaosStackSettings {
  /** `--replicas` of the stack. */
  replicas: string;
  portBase: string | undefined;
  /** More of `npm start`'s options. */
  options?: readonly string[];
}

/** A real stack with a throw-away data directory, and the hands that hurt it. */
export class ChaosStack {
  readonly #stack: Pick<TestStack, 'dataDirectory' | 'stop'>;

  static async start({ replicas, portBase, ...more }: ChaosStackSettings): Promise<ChaosStack> {
    const options = ['--no-demo', '--replicas', replicas, ...(more.options ?? [])];
    if (portBase !== undefined) options.push('--port-base', portBase);
    return new ChaosStack(
      await startTestStack(options, {
        SINK_JOURNAL: '1',
        WORKER_CAPACITY: '500',
        OTEL_TRACES_SAMPLER: 'always_off',
        LOG_LEVEL: 'warn',
      }),
    );
  }

  /** A stack that runs already, started with SINK_JOURNAL=1; it goes on afterwards. */
  static attach(dataDirectory: string): ChaosStack {
    return new ChaosStack({ dataDirectory, stop: async () => undefined });
  }

  private constructor(stack: Pick<TestStack, 'dataDirectory' | 'stop'>) {
    this.#stack = stack;
  }

  get dataDirectory(): string {
    return this.#stack.dataDirectory;
  }

  /** As it stands now. */
  describe(): StackDescription {
    const description = readStackFile(this.dataDirectory);
    if (!description) throw new Error('the stack has gone');
    return description;
  }

  /** Names of the processes of an app, or the part itself. */
  replicasOf(target: string): string[] {
    const names = Object.keys(this.describe().processes);
    const own = names.filter((name) => name === target || isReplica(name, target as App));
    return own.length > 0 ? own : [target];
  }

  /** @throws Error with what the supervisor says when it does not work */
  async tell(command: 'kill' | 'pause' | 'resume' | 'stop', part: string): Promise<string> {
    const answer = await sendControl(this.dataDirectory, command, part);
    if (!answer?.ok) throw new Error(`${command} ${part}: ${answer?.text ?? 'no stack'}`);
    return answer.text;
  }

  /** Starts a part; one that dies while it starts is started again, as an orchestrator does. */
  async start(part: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await sendControl(this.dataDirectory, 'start', part);
      if (answer?.ok) return;
      if (attempt === START_ATTEMPTS) throw new Error(`start ${part}: ${answer?.text}`);
    }
  }

  /** Waits until the supervisor calls the part ready. */
  async untilReady(part: string): Promise<void> {
    const deadline = Date.now() + BACK_WITHIN_MS;
    while ((await this.#states()).get(part) !== 'ready') {
      if (Date.now() > deadline) throw new Error(`${part} did not come back`);
      await delay(POLL_MS);
    }
  }

  /** Pid of every part. */
  pids(): Map<string, number | null> {
    const { processes, databases, kafka, smtp } = this.describe();
    return new Map([
      ...Object.entries(processes).map(([name, { pid }]) => [name, pid] as const),
      ...Object.entries(databases).map(([tier, { pid }]) => [`${tier}-db`, pid] as const),
      ['kafka', kafka.pid],
      ['smtp', smtp.pid],
    ]);
  }

  /** How late the sink answers DATA. */
  async slowSink(delayMs: number): Promise<void> {
    const url = `${this.describe().smtp.inbox_url}/api/delay?ms=${delayMs}`;
    const answer = await fetch(url, {
      method: 'PUT',
      signal: AbortSignal.timeout(SINK_ANSWERS_WITHIN_MS),
    });
    if (!answer.ok) throw new Error(`the sink answers ${answer.status}`);
  }

  /** Settles when the sink has answered: it runs. */
  async askSink(): Promise<void> {
    const url = `${this.describe().smtp.inbox_url}/api/messages?limit=1`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(SINK_ANSWERS_WITHIN_MS) });
    await answer.text();
  }

  stop(): Promise<void> {
    return this.#stack.stop();
  }

  async #states(): Promise<Map<string, string>> {
    const answer = await sendControl(this.dataDirectory, 'status');
    const rows = (answer?.text ?? '').split('\n').map((line) => line.split(/\s+/));
    return new Map(rows.map(([name = '', state = '']) => [name, state]));
  }
}

const isReplica = (name: string, app: App): boolean =>
  name.startsWith(`${app}-`) && /^\d$/.test(name.slice(app.length + 1));
