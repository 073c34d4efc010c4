import { setTimeout as delay } from 'node:timers/promises';
import { cloneRow, countOf } from '../admin.ts';
import type {
  BenchJob,
  BenchUrls,
  BenchWorker,
  Contender,
  ContenderDescription,
} from '../contender.ts';
import { loadFrom } from '../peers.ts';

const QUEUE = 'bench';
const IN_FLIGHT = 16;
const STOP_WITHIN_MS = 20_000;
/** Its count of ready jobs goes through three timers of a second each. */
const BACKLOG_SEEN_AFTER_MS = 3_500;

interface Boss {
  on(event: 'error', listener: (error: Error) => void): void;
  start(): Promise<unknown>;
  stop(options: { graceful: boolean; timeout: number }): Promise<void>;
  createQueue(name: string, options: object): Promise<void>;
  send(name: string, data: BenchJob): Promise<unknown>;
  insert(name: string, jobs: readonly { data: BenchJob }[]): Promise<unknown>;
  work(
    name: string,
    options: WorkOptions,
    handler: (jobs: { data: BenchJob }[]) => Promise<void>,
  ): Promise<string>;
  offWork(name: string, options: { wait: boolean }): Promise<void>;
}

interface WorkOptions {
  batchSize?: number;
  localConcurrency?: number;
  burstWhenBatchFull?: boolean;
  burstWhenReadyExceeds?: number;
}

interface Setup {
  readonly notify: boolean;
  readonly boss: object;
  readonly work: WorkOptions;
  readonly waitsForBacklog: boolean;
}

class PgBossQueue implements Contender {
  #boss!: Boss;
  readonly #url: string;
  readonly #setup: Setup;

  constructor({ admin }: BenchUrls, setup: Setup) {
    this.#url = admin;
    this.#setup = setup;
  }

  async open(): Promise<void> {
    const { PgBoss } = await loadFrom<{ PgBoss: new (options: object) => Boss }>(
      'pg-boss',
      'pg-boss',
    );
    const { notify, boss } = this.#setup;
    // The pool serves up to 50 workers and 16 adds at once.
    const options = { connectionString: this.#url, max: 50 + IN_FLIGHT, useListenNotify: notify };
    this.#boss = new PgBoss({ ...options, ...boss });
    this.#boss.on('error', ({ message }) => process.stderr.write(`pg-boss: ${message}\n`));
    await this.#boss.start();
    await this.#boss.createQueue(QUEUE, { notify });
  }

  async addOne(job: BenchJob): Promise<void> {
    await this.#boss.send(QUEUE, job);
  }

  async addBulk(jobs: readonly BenchJob[]): Promise<void> {
    await this.#boss.insert(
      QUEUE,
      jobs.map((data) => ({ data })),
    );
  }

  async work(concurrency: number, onJob: (job: BenchJob) => void): Promise<BenchWorker> {
    if (this.#setup.waitsForBacklog) await delay(BACKLOG_SEEN_AFTER_MS);
    const handler = async (jobs: { data: BenchJob }[]): Promise<void> => {
      for (const { data } of jobs) onJob(data);
    };
    await this.#boss.work(QUEUE, { ...this.#setup.work, localConcurrency: concurrency }, handler);
    return { stop: () => this.#boss.offWork(QUEUE, { wait: true }) };
  }

  unfinished(): Promise<number> {
    const text = `SELECT count(*) AS n FROM pgboss.job WHERE name = '${QUEUE}' AND state < 'completed'`;
    return countOf(this.#url, text);
  }

  async seedFinished(count: number): Promise<void> {
    await cloneRow(this.#url, {
      table: 'pgboss.job',
      where: `name = '${QUEUE}' AND state = 'completed'`,
      changes: `jsonb_build_object('id', gen_random_uuid())`,
      count,
    });
  }

  async close(): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: STOP_WITHIN_MS });
  }
}

const common = {
  role: 'peer',
  needs: 'pg-boss',
  keeps: 'the row, 7 days',
} as const;

/** Only its monitor tells a single worker of a backlog. */
const quickMonitor = {
  monitorIntervalSeconds: 1,
  superviseIntervalSeconds: 1,
  queueCacheIntervalSeconds: 1,
};

export const pgBossShipped: ContenderDescription = {
  ...common,
  name: 'pg-boss-shipped',
  pace: 'single',
  settings: 'as shipped: polls every 2 s, no NOTIFY',
  measures: ['latency', 'idle'],
  latencyGapMs: 2_000,
  latencyShare: 0.03,
  warmUpJobs: 20,
  create: (urls) =>
    new PgBossQueue(urls, { notify: false, boss: {}, work: {}, waitsForBacklog: false }),
};

export const pgBossSingle: ContenderDescription = {
  ...common,
  name: 'pg-boss-single',
  pace: 'single',
  settings: 'batchSize 1, NOTIFY, burst by ready count, monitor every 1 s',
  measures: ['drain', 'latency'],
  create: (urls) =>
    new PgBossQueue(urls, {
      notify: true,
      boss: quickMonitor,
      work: { batchSize: 1, burstWhenReadyExceeds: 1 },
      waitsForBacklog: true,
    }),
};

export const pgBossBatched: ContenderDescription = {
  ...common,
  name: 'pg-boss-batched',
  pace: 'batched',
  settings: 'batchSize 500, NOTIFY, burst when a batch was full',
  measures: ['drain', 'add', 'latency', 'pending', 'finished', 'snapshot', 'idle'],
  create: (urls) =>
    new PgBossQueue(urls, {
      notify: true,
      boss: {},
      work: { batchSize: 500, burstWhenBatchFull: true },
      waitsForBacklog: false,
    }),
};
