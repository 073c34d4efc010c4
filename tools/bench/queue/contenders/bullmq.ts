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
const NAME = 'noop';
const IN_FLIGHT = 16;

interface Queue {
  on(event: 'error', listener: (error: Error) => void): void;
  waitUntilReady(): Promise<unknown>;
  add(name: string, data: BenchJob): Promise<unknown>;
  addBulk(jobs: readonly { name: string; data: BenchJob }[]): Promise<unknown>;
  getJobCounts(...states: string[]): Promise<Record<string, number>>;
  close(): Promise<void>;
}
interface Worker {
  on(event: 'error', listener: (error: Error) => void): void;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}
interface BullMq {
  Queue: new (name: string, options: object, backend?: object) => Queue;
  Worker: new (
    name: string,
    processor: (job: { data: BenchJob }) => Promise<void>,
    options: object,
    backend?: object,
  ) => Worker;
  createPostgresBackend: object;
}

class BullMqQueue implements Contender {
  #bullmq!: BullMq;
  #queue!: Queue;
  readonly #urls: BenchUrls;

  constructor(urls: BenchUrls) {
    this.#urls = urls;
  }

  async open(): Promise<void> {
    this.#bullmq = await loadFrom<BullMq>('bullmq', 'bullmq');
    const options = { connection: this.#connection(IN_FLIGHT) };
    this.#queue = new this.#bullmq.Queue(QUEUE, options, this.#backend());
    this.#queue.on('error', say);
    await this.#queue.waitUntilReady();
  }

  async addOne(job: BenchJob): Promise<void> {
    await this.#queue.add(NAME, job);
  }

  async addBulk(jobs: readonly BenchJob[]): Promise<void> {
    await this.#queue.addBulk(jobs.map((data) => ({ name: NAME, data })));
  }

  async work(concurrency: number, onJob: (job: BenchJob) => void): Promise<BenchWorker> {
    const connection = this.#connection(Math.max(10, concurrency + 2));
    const handler = async ({ data }: { data: BenchJob }): Promise<void> => onJob(data);
    const options = { connection, concurrency };
    const worker = new this.#bullmq.Worker(QUEUE, handler, options, this.#backend());
    worker.on('error', say);
    await worker.waitUntilReady();
    return { stop: () => worker.close() };
  }

  async unfinished(): Promise<number> {
    if (this.#urls.redis) {
      const counts = await this.#queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
      return Object.values(counts).reduce((all, one) => all + one, 0);
    }
    const text = `SELECT count(*) AS n FROM bullmq.job WHERE state NOT IN ('completed', 'failed')`;
    return countOf(this.#urls.admin, text);
  }

  /** Only in PostgreSQL. */
  async seedFinished(count: number): Promise<void> {
    await cloneRow(this.#urls.admin, {
      table: 'bullmq.job',
      where: `state = 'completed'`,
      changes: `jsonb_build_object('id', 'seeded-' || g, 'seq', -g)`,
      count,
    });
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }

  #backend(): object | undefined {
    return this.#urls.redis ? undefined : this.#bullmq.createPostgresBackend;
  }

  #connection(max: number): object {
    const { admin, redis } = this.#urls;
    if (!redis) return { connectionString: admin, max, migrate: true };
    // Its workers block in the server: a limit of retries would end them.
    return { host: '127.0.0.1', port: Number(new URL(redis).port), maxRetriesPerRequest: null };
  }
}

function say({ message }: Error): void {
  process.stderr.write(`bullmq: ${message}\n`);
}

const common = { needs: 'bullmq', keeps: 'the job, for ever' } as const;

export const bullMqPostgres: ContenderDescription = {
  ...common,
  name: 'bullmq-pg',
  role: 'peer',
  pace: 'single',
  settings: 'PostgreSQL backend as shipped',
  measures: ['drain', 'add', 'latency', 'pending', 'finished', 'snapshot', 'idle'],
  create: (urls) => new BullMqQueue(urls),
};

export const bullMqRedis: ContenderDescription = {
  ...common,
  name: 'bullmq-redis',
  role: 'yardstick',
  pace: 'batched',
  settings: 'Redis with AOF every second: up to a second of work is lost with the power',
  measures: ['drain', 'add', 'latency'],
  needsRedis: true,
  create: (urls) => new BullMqQueue(urls),
};
