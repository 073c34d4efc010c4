import type { MeasureName } from './options.ts';

/** What a job carries, about 60 bytes as JSON. `n` is unique within one database of the bench. */
export interface BenchJob {
  readonly n: number;
  /** Two tenants for the contender that knows tenants; the others just carry the name. */
  readonly tenant: 'a' | 'b';
  readonly text: string;
}

/** Where a contender works: a database of its own. */
export interface BenchUrls {
  /** Superuser in this database. */
  readonly admin: string;
  /** Logins under row level security; the same as `admin` where the contender brings its own schema. */
  readonly app: string;
  readonly system: string;
  /** Only for a contender that needs a Redis. */
  readonly redis?: string;
}

/** A running worker. */
export interface BenchWorker {
  /** Takes no new jobs, waits for what it holds and for the record of what it has done. */
  stop(): Promise<void>;
}

/** One queue on a database of its own, producer and worker in this process. */
export interface Contender {
  /** Writes its schema and connects. */
  open(): Promise<void>;
  /** One call, one commit. */
  addOne(job: BenchJob): Promise<void>;
  /** One call of the fastest kind that it documents; at most 1,000 jobs. */
  addBulk(jobs: readonly BenchJob[]): Promise<void>;
  /** @param onJob the handler; does nothing that takes time */
  work(concurrency: number, onJob: (job: BenchJob) => void): Promise<BenchWorker>;
  /** Jobs that wait or run. */
  unfinished(): Promise<number>;
  /** Writes rows of finished jobs as it would have left them. Absent: it keeps none. */
  seedFinished?(count: number): Promise<void>;
  close(): Promise<void>;
}

export interface ContenderDescription {
  readonly name: string;
  /** A yardstick stands in the table, but it is nobody to be compared with. */
  readonly role: 'ours' | 'peer' | 'yardstick';
  /** `single` commits at least once per job: it gets fewer jobs. */
  readonly pace: 'batched' | 'single';
  /** How it was set up. */
  readonly settings: string;
  /** What a finished job leaves behind. */
  readonly keeps: string;
  /** Package that has to be installed. */
  readonly needs?: 'graphile-worker' | 'pg-boss' | 'bullmq';
  readonly needsRedis?: true;
  /** It works on the tier's own schema, with its logins and policies. */
  readonly hasOurSchema?: true;
  readonly measures: readonly MeasureName[];
  /** Longest random pause between two samples of latency; a poller must not be met in its rhythm. */
  readonly latencyGapMs?: number;
  /** Share of the samples that are taken where each of them takes seconds. */
  readonly latencyShare?: number;
  /** Jobs to warm up with, where a job takes seconds. */
  readonly warmUpJobs?: number;
  create(urls: BenchUrls): Contender;
}
