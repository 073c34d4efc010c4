import { countOf } from '../admin.ts';
import type {
  BenchJob,
  BenchUrls,
  BenchWorker,
  Contender,
  ContenderDescription,
} from '../contender.ts';
import { loadFrom } from '../peers.ts';

const TASK = 'bench';
const IN_FLIGHT = 16;

interface Utils {
  migrate(): Promise<void>;
  addJob(task: string, payload: BenchJob): Promise<unknown>;
  addJobs(jobs: readonly { identifier: string; payload: BenchJob }[]): Promise<unknown>;
  release(): Promise<void>;
}
interface Runner {
  readonly promise: Promise<void>;
  stop(): Promise<void>;
}
interface WorkerOptions {
  connectionString: string;
  concurrentJobs: number;
  maxPoolSize: number;
  localQueue?: { size: number };
  completeJobBatchDelay?: number;
  failJobBatchDelay?: number;
}
interface Graphile {
  Logger: new (factory: () => (level: string, message: string) => void) => object;
  makeWorkerUtils(options: object): Promise<Utils>;
  run(options: {
    logger: object;
    noHandleSignals: boolean;
    parsedCronItems: [];
    taskList: Record<string, (job: BenchJob) => void>;
    preset: { worker: WorkerOptions };
  }): Promise<Runner>;
}

type Batching = Pick<WorkerOptions, 'localQueue' | 'completeJobBatchDelay' | 'failJobBatchDelay'>;
const batching: Batching = {
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
};

class GraphileWorker implements Contender {
  #graphile!: Graphile;
  #logger!: object;
  #utils!: Utils;
  readonly #url: string;
  readonly #batching: Batching;

  constructor({ admin }: BenchUrls, batched: Batching) {
    this.#url = admin;
    this.#batching = batched;
  }

  async open(): Promise<void> {
    this.#graphile = await loadFrom<Graphile>('graphile-worker', 'graphile-worker');
    this.#logger = new this.#graphile.Logger(() => say);
    this.#utils = await this.#graphile.makeWorkerUtils({
      connectionString: this.#url,
      maxPoolSize: IN_FLIGHT,
      logger: this.#logger,
    });
    await this.#utils.migrate();
  }

  async addOne(job: BenchJob): Promise<void> {
    await this.#utils.addJob(TASK, job);
  }

  async addBulk(jobs: readonly BenchJob[]): Promise<void> {
    await this.#utils.addJobs(jobs.map((payload) => ({ identifier: TASK, payload })));
  }

  async work(concurrency: number, onJob: (job: BenchJob) => void): Promise<BenchWorker> {
    const runner = await this.#graphile.run({
      logger: this.#logger,
      noHandleSignals: true,
      parsedCronItems: [],
      taskList: { [TASK]: onJob },
      preset: {
        worker: {
          connectionString: this.#url,
          concurrentJobs: concurrency,
          maxPoolSize: Math.max(10, concurrency + 2),
          ...this.#batching,
        },
      },
    });
    return { stop: () => runner.stop() };
  }

  unfinished(): Promise<number> {
    return countOf(this.#url, 'SELECT count(*) AS n FROM graphile_worker.jobs');
  }

  async close(): Promise<void> {
    await this.#utils.release();
  }
}

/** Its logger also tells of every job. */
function say(level: string, message: string): void {
  if (level === 'error' || level === 'warning') process.stderr.write(`graphile: ${message}\n`);
}

const common = {
  role: 'peer',
  needs: 'graphile-worker',
  keeps: 'nothing: a finished job is deleted',
} as const;

export const graphileShipped: ContenderDescription = {
  ...common,
  name: 'graphile',
  pace: 'single',
  settings: 'as shipped: one claim and one completion per job, NOTIFY',
  measures: ['drain', 'add', 'latency', 'idle'],
  create: (urls) => new GraphileWorker(urls, {}),
};

export const graphileBatched: ContenderDescription = {
  ...common,
  name: 'graphile-batched',
  pace: 'batched',
  settings: 'localQueue 500, completeJobBatchDelay 0, NOTIFY',
  measures: ['drain', 'add', 'latency', 'pending', 'snapshot', 'idle'],
  create: (urls) => new GraphileWorker(urls, batching),
};
