import { randomUUID } from 'node:crypto';
import { jobTypes, newEmailId, newId } from '@penguinmails/contracts';
import { Secret } from '@penguinmails/config';
import { openDatabase } from '@penguinmails/database';
import { EventWriter } from '@penguinmails/outbox';
import type { BenchJob } from './contender.ts';
import { loadEngine } from './our-engine-parts.ts';

const TYPE = 'bench_noop';
const WORKER = 'bench-worker';

/** One that runs; `leaseToken` fences it. */
export interface ClaimedJob {
  readonly tenantId: string;
  readonly jobId: string;
  readonly leaseToken: string;
  readonly payload: BenchJob;
}

/** The product's queue engine on a database, without HTTP and Kafka. */
export interface OurEngine {
  addOne(job: BenchJob): Promise<void>;
  addBulk(jobs: readonly BenchJob[]): Promise<void>;
  /** Waits up to `waitMs` for the first job; an abort ends the wait. */
  claim(max: number, waitMs: number, abandoned: AbortSignal): Promise<ClaimedJob[]>;
  /** @throws Error when a lease was lost */
  finish(jobs: readonly ClaimedJob[]): Promise<void>;
  close(): Promise<void>;
}

/** What this file needs to be told of the database: its two logins. */
export interface EngineUrls {
  readonly app: string;
  readonly system: string;
}

/**
 * Opens the engine over what apps/queue exports today: the use cases of leasing and finishing, the
 * enqueueing repository, and the clock that every replica runs. The job type is declared for the
 * bench only; finishing writes history, the try and an event, as for any other type.
 */
export async function openOurEngine({ app, system }: EngineUrls): Promise<OurEngine> {
  const engine = await loadEngine();
  const database = openDatabase(
    engine.queueDatabaseSettings({
      url: new Secret(app),
      systemUrl: new Secret(system),
      pooled: false,
    }),
  );
  const types = new engine.JobTypes({
    ...jobTypes,
    [TYPE]: { ...jobTypes.send_email, type: TYPE },
  });
  const ready = new engine.ReadyJobs();
  const endings = new engine.JobEndSystemRepository();
  const enqueue = new engine.EnqueueSystemRepository();
  const leases = new engine.LeaseSystemRepository();
  const rescues = new engine.RescueSystemRepository();
  const events = new EventWriter(
    { tier: 'queue', emits: engine.emits, publicUrl: 'https://bench.invalid' },
    // No relay runs here: nobody has to be woken.
    { notify: () => undefined } as ConstructorParameters<typeof EventWriter>[1],
  );
  const finishing = new engine.FinishSystemRepository();
  const finishJobs = new engine.FinishJobs(
    database.system,
    finishing,
    endings,
    events,
    types,
    ready,
  );
  const rescue = new engine.RescueJobs(database.system, rescues, endings, events, types, ready);
  const clock = new engine.QueueClock(rescue, { warn: say, error: say });
  clock.onApplicationBootstrap();

  const tenants = { a: newId(), b: newId() };
  const add = async (jobs: readonly BenchJob[]): Promise<void> => {
    const rows = jobs.map((payload) => newJob(tenants[payload.tenant], payload));
    const born = engine.bornAfter(rows.map(({ jobId }) => jobId));
    await database.system.once((tx) => {
      tx.onCommit(() => ready.wake());
      return enqueue.enqueue(tx, rows, born);
    });
  };

  return {
    addOne: (job) => add([job]),
    addBulk: add,
    claim: async (max, waitMs, abandoned) => {
      const leaseToken = randomUUID();
      const leaseMs = types.shortestLeaseMs();
      const request = { types: [TYPE], max, leaseToken, leaseMs, workerId: WORKER };
      const claimed = await ready.take(TYPE, waitMs, abandoned, () =>
        database.system.once((tx) => leases.claim(tx, request)),
      );
      return claimed.map((job) => ({ ...job, leaseToken }));
    },
    finish: async (jobs) => {
      const now = new Date().toISOString();
      const { refused } = await finishJobs.execute(jobs.map((job) => delivered(job, now)));
      if (refused.length > 0) throw new Error(`${refused.length} leases were lost`);
    },
    close: async () => {
      ready.onModuleDestroy();
      await clock.onModuleDestroy();
      await database.close();
    },
  };
}

function newJob(tenantId: string, payload: BenchJob) {
  return {
    tenantId,
    jobId: newEmailId(),
    type: TYPE,
    payload,
    priority: 0,
    maxAttempts: jobTypes.send_email.maxAttempts,
    scheduledAt: null,
    rateKey: null,
    domainKey: null,
    correlationId: null,
    traceparent: null,
  };
}

function delivered({ tenantId, jobId, leaseToken }: ClaimedJob, now: string) {
  return {
    tenant_id: tenantId,
    job_id: jobId,
    lease_token: leaseToken,
    kind: 'delivered',
    code: null,
    enhanced_code: null,
    error_code: null,
    reply: null,
    started_at: now,
    finished_at: now,
  };
}

function say(fields: object, message: string): void {
  process.stderr.write(`ours: ${message} ${JSON.stringify(fields)}\n`);
}
