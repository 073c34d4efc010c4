import pg from 'pg';
import { asAdmin, countOf } from '../admin.ts';
import type {
  BenchJob,
  BenchUrls,
  BenchWorker,
  Contender,
  ContenderDescription,
} from '../contender.ts';
import { Loops } from '../loops.ts';

const BATCH = 100;
const POLL_MS = 500;
const CHANNEL = 'bench_jobs';
const CONNECT_WITHIN_MS = 60_000;
const ANSWER_WITHIN_MS = 60_000;

/** The seed's table and index, and a history of the same shape. */
const TABLES = `
CREATE TABLE job_queue (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  job_type varchar(50) NOT NULL,
  payload jsonb NOT NULL,
  priority integer DEFAULT 0,
  status varchar(20) DEFAULT 'pending',
  attempts integer DEFAULT 0,
  max_attempts integer DEFAULT 3,
  scheduled_at timestamptz DEFAULT now(),
  started_at timestamptz,
  completed_at timestamptz,
  error_message text,
  created_at timestamptz DEFAULT now()
);
CREATE INDEX idx_job_queue_status_priority ON job_queue (status, priority DESC, scheduled_at);
CREATE TABLE job_history (LIKE job_queue INCLUDING DEFAULTS);
ALTER TABLE job_history ADD PRIMARY KEY (id);`;

const ADD = {
  name: 'add',
  text: `WITH woken AS (SELECT pg_notify('${CHANNEL}', ''))
         INSERT INTO job_queue (job_type, payload) SELECT 'bench', $1 FROM woken`,
};
const ADD_MANY = {
  name: 'add-many',
  text: `INSERT INTO job_queue (job_type, payload) SELECT 'bench', p FROM unnest($1::jsonb[]) p`,
};
const CLAIM = {
  name: 'claim',
  text: `
UPDATE job_queue j SET status = 'running', started_at = now(), attempts = attempts + 1
FROM (
  SELECT id FROM job_queue WHERE status = 'pending' AND scheduled_at <= now()
  ORDER BY priority DESC, scheduled_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
) n
WHERE j.id = n.id RETURNING j.id, j.payload`,
};
const FINISH = {
  name: 'finish',
  text: `
WITH done AS (DELETE FROM job_queue WHERE id = ANY ($1::uuid[]) RETURNING *)
INSERT INTO job_history SELECT id, job_type, payload, priority, 'completed', attempts, max_attempts,
  scheduled_at, started_at, now(), error_message, created_at FROM done`,
};

interface Claimed {
  id: string;
  payload: BenchJob;
}

/** What SQL alone can do: no leases, no retries, no tenants. */
class BareSql implements Contender {
  readonly #url: string;
  readonly #pool: pg.Pool;

  constructor({ admin }: BenchUrls) {
    this.#url = admin;
    this.#pool = new pg.Pool({
      connectionString: admin,
      max: 60,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      query_timeout: ANSWER_WITHIN_MS,
    });
  }

  async open(): Promise<void> {
    await asAdmin(this.#url, (client) => client.query(TABLES));
  }

  async addOne(job: BenchJob): Promise<void> {
    await this.#pool.query({ ...ADD, values: [JSON.stringify(job)] });
  }

  async addBulk(jobs: readonly BenchJob[]): Promise<void> {
    await this.#pool.query({ ...ADD_MANY, values: [jobs.map((job) => JSON.stringify(job))] });
  }

  async work(concurrency: number, onJob: (job: BenchJob) => void): Promise<BenchWorker> {
    const loops = new Loops({ pollMs: POLL_MS, round: () => this.#round(onJob) });
    const listener = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
    });
    listener.on('notification', () => loops.wake());
    listener.on('error', (error) => process.stderr.write(`bare: ${error.message}\n`));
    await listener.connect();
    await listener.query(`LISTEN ${CHANNEL}`);
    loops.start(concurrency);
    const stop = async (): Promise<void> => {
      await loops.stop();
      await listener.end();
    };
    return { stop };
  }

  async #round(onJob: (job: BenchJob) => void): Promise<number> {
    const { rows } = await this.#pool.query<Claimed>(CLAIM);
    if (rows.length === 0) return 0;
    for (const { payload } of rows) onJob(payload);
    await this.#pool.query({ ...FINISH, values: [rows.map(({ id }) => id)] });
    return rows.length;
  }

  unfinished(): Promise<number> {
    return countOf(this.#url, 'SELECT count(*) AS n FROM job_queue');
  }

  async seedFinished(count: number): Promise<void> {
    await asAdmin(this.#url, (client) =>
      client.query(
        `INSERT INTO job_history SELECT gen_random_uuid(), job_type, payload, priority, status,
           attempts, max_attempts, scheduled_at, started_at, completed_at, error_message, created_at
         FROM (SELECT * FROM job_history LIMIT 1) h, generate_series(1, ${count})`,
      ),
    );
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

export const bareSql: ContenderDescription = {
  name: 'bare',
  role: 'yardstick',
  pace: 'batched',
  settings: `plain SQL on the seed's job_queue: UPDATE, then DELETE and INSERT, batch ${BATCH}`,
  keeps: 'the row in a history table',
  measures: ['drain', 'add', 'latency', 'pending', 'finished', 'snapshot', 'idle'],
  create: (urls) => new BareSql(urls),
};
