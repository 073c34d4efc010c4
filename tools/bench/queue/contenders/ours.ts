import { cloneRow, countOf } from '../admin.ts';
import type {
  BenchJob,
  BenchUrls,
  BenchWorker,
  Contender,
  ContenderDescription,
} from '../contender.ts';
import { type Rounds, startLeaseLoops } from '../lease-loops.ts';
import { type ClaimedJob, type OurEngine, openOurEngine } from '../our-engine.ts';

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
    const rounds: Rounds<ClaimedJob[]> = {
      lease: () => this.#engine.claim(BATCH, WAIT_MS, stopping.signal),
      handle: (jobs) => jobs.forEach(({ payload }) => onJob(payload)),
      finish: (jobs) => this.#engine.finish(jobs),
    };
    const loops = startLeaseLoops(Math.min(concurrency, MOST_LOOPS), rounds, stopping.signal);
    const stop = async (): Promise<void> => {
      stopping.abort();
      await loops;
    };
    return { stop };
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
  settings: `the product's engine on its schema, row level security on, ${BATCH} a claim, at most ${MOST_LOOPS} loops, each claims while it finishes`,
  keeps: 'a row of history with the try in it',
  hasOurSchema: true,
  measures: ['drain', 'add', 'latency', 'pending', 'finished', 'snapshot', 'idle'],
  create: (urls) => new OurQueue(urls),
};
