import { cloneRow, countOf } from '../admin.ts';
import type {
  BenchJob,
  BenchUrls,
  BenchWorker,
  Contender,
  ContenderDescription,
} from '../contender.ts';
import { type OurEngine, openOurEngine } from '../our-engine.ts';

const BATCH = 500;
/** As many as the pool of the system login has connections. */
const MOST_LOOPS = 10;
const WAIT_MS = 2_000;

class OurQueue implements Contender {
  #engine!: OurEngine;
  readonly #urls: BenchUrls;

  constructor(urls: BenchUrls) {
    this.#urls = urls;
  }

  async open(): Promise<void> {
    this.#engine = await openOurEngine(this.#urls);
  }

  addOne(job: BenchJob): Promise<void> {
    return this.#engine.addOne(job);
  }

  addBulk(jobs: readonly BenchJob[]): Promise<void> {
    return this.#engine.addBulk(jobs);
  }

  async work(concurrency: number, onJob: (job: BenchJob) => void): Promise<BenchWorker> {
    const stopping = new AbortController();
    const loop = async (): Promise<void> => {
      while (!stopping.signal.aborted) await this.#round(stopping.signal, onJob);
    };
    const loops = Array.from({ length: Math.min(concurrency, MOST_LOOPS) }, loop);
    const stop = async (): Promise<void> => {
      stopping.abort();
      await Promise.all(loops);
    };
    return { stop };
  }

  async #round(stopping: AbortSignal, onJob: (job: BenchJob) => void): Promise<void> {
    const jobs = await this.#engine.claim(BATCH, WAIT_MS, stopping);
    if (jobs.length === 0) return;
    for (const { payload } of jobs) onJob(payload);
    await this.#engine.finish(jobs);
  }

  unfinished(): Promise<number> {
    return countOf(this.#urls.admin, 'SELECT count(*) AS n FROM job_queue');
  }

  /** History of today, the try in it, each under an id of its own. */
  async seedFinished(count: number): Promise<void> {
    const { admin } = this.#urls;
    const changes = "jsonb_build_object('id', uuidv7())";
    await cloneRow(admin, { table: 'job_history', where: 'true', changes, count });
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

export const ours: ContenderDescription = {
  name: 'ours',
  role: 'ours',
  pace: 'batched',
  settings: `the product's engine on its schema, row level security on, ${BATCH} a claim, at most ${MOST_LOOPS} loops`,
  keeps: 'a row of history with the try in it',
  hasOurSchema: true,
  measures: ['drain', 'add', 'latency', 'pending', 'finished', 'snapshot', 'idle'],
  create: (urls) => new OurQueue(urls),
};
