import { randomUUID } from 'node:crypto';
import { jobTypes, newEmailId, newId } from '@penguinmails/contracts';
import { Secret } from '@penguinmails/config';
import { type Database, openDatabase } from '@penguinmails/database';
import { EventWriter } from '@penguinmails/outbox';
import { BatchLaneSystemRepository } from '../../../apps/queue/dist/batch/batch-lane.system.repository.js';
import { BatchRescueSystemRepository } from '../../../apps/queue/dist/batch/batch-rescue.system.repository.js';
import { BatchTypes } from '../../../apps/queue/dist/batch/batch-types.js';
import { EndBatches } from '../../../apps/queue/dist/batch/end-batches.js';
import {
  BatchDirectory,
  BatchLook,
  ReadyBatches,
} from '../../../apps/queue/dist/batch/ready-batches.js';
import { RecipientSystemRepository } from '../../../apps/queue/dist/batch/recipient.system.repository.js';
import { ReportBatchSystemRepository } from '../../../apps/queue/dist/batch/report-batch.system.repository.js';
import { RescueBatches } from '../../../apps/queue/dist/batch/rescue-batches.js';
import { AddTogether } from '../../../apps/queue/dist/enqueue/add-together.js';
import { announceJobs } from '../../../apps/queue/dist/enqueue/announce-jobs.js';
import { EnqueueSystemRepository } from '../../../apps/queue/dist/enqueue/enqueue.system.repository.js';
import { FinishJobs } from '../../../apps/queue/dist/finish/finish-jobs.js';
import { FinishSystemRepository } from '../../../apps/queue/dist/finish/finish.system.repository.js';
import { GroupCount } from '../../../apps/queue/dist/group/group-count.js';
import { GroupSystemRepository } from '../../../apps/queue/dist/group/group.system.repository.js';
import { JobEndSystemRepository } from '../../../apps/queue/dist/job/job-end.system.repository.js';
import { JobTypes } from '../../../apps/queue/dist/job-type/job-types.js';
import { ClaimJobs } from '../../../apps/queue/dist/lane/claim-jobs.js';
import { LaneDirectory } from '../../../apps/queue/dist/lane/lane-directory.js';
import { LaneLook } from '../../../apps/queue/dist/lane/lane-look.js';
import { LaneSystemRepository } from '../../../apps/queue/dist/lane/lane.system.repository.js';
import { DueSystemRepository } from '../../../apps/queue/dist/leader/due.system.repository.js';
import { ReadyJobs } from '../../../apps/queue/dist/lease/ready-jobs.js';
import { LimitBook } from '../../../apps/queue/dist/limit/limit-book.js';
import { LimitSystemRepository } from '../../../apps/queue/dist/limit/limit.system.repository.js';
import { LimitedClaim } from '../../../apps/queue/dist/limit/limited-claim.js';
import { queueDatabaseSettings } from '../../../apps/queue/dist/persistence/queue-database.js';
import { emits } from '../../../apps/queue/dist/queue.events.js';
import { QueueClock } from '../../../apps/queue/dist/rescue/queue-clock.js';
import { CalmRoundSystemRepository } from '../../../apps/queue/dist/rescue/calm-round.system.repository.js';
import { RescueJobs } from '../../../apps/queue/dist/rescue/rescue-jobs.js';
import { RescueSystemRepository } from '../../../apps/queue/dist/rescue/rescue.system.repository.js';
import type { BenchJob } from './contender.ts';

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
 * Puts the engine together as the service does (apps/queue/src/queue.module.ts), without its HTTP and
 * Kafka ends. The job type is declared for the bench only; like every type that is no mail it tells
 * nobody what became of its jobs.
 */
export async function openOurEngine({ app, system }: EngineUrls, type = TYPE): Promise<OurEngine> {
  const database = openDatabase(
    queueDatabaseSettings({
      url: new Secret(app),
      systemUrl: new Secret(system),
      pooled: false,
    }),
  );
  const types = new JobTypes({
    ...jobTypes,
    [TYPE]: { ...jobTypes.send_email, type: TYPE, reports: 'nothing' },
  });
  const parts = assemble(database, types);
  const { ready, clock, enqueue, together, claims, finishJobs } = parts;
  ready.onModuleInit();
  clock.onApplicationBootstrap();

  const tenants = { a: newId(), b: newId() };
  const rowOf = (payload: BenchJob) => newJob(tenants[payload.tenant], type, payload);
  const addBulk = (jobs: readonly BenchJob[]): Promise<void> => {
    const rows = jobs.map(rowOf);
    return database.system.once(async (tx) => {
      const { since } = await enqueue.enqueueFresh(tx, rows);
      tx.onCommit(() => announceJobs(ready, rows, since));
    });
  };

  return {
    addOne: (job) => together.add(rowOf(job)),
    addBulk,
    claim: async (max, waitMs, abandoned) => {
      const leaseToken = randomUUID();
      const claimer = { leaseToken, leaseMs: types.shortestLeaseMs(), workerId: WORKER };
      const claimed = await ready.take(waitMs, abandoned, {
        claim: () => claims.execute([TYPE], max, claimer),
        nextTry: () => claims.nextTry([TYPE]),
      });
      return claimed.map((job) => ({
        tenantId: job.tenantId,
        jobId: job.jobId,
        leaseToken,
        payload: job.payload as BenchJob,
      }));
    },
    finish: async (jobs) => {
      if (jobs.length === 0) return;
      const now = new Date().toISOString();
      const { refused } = await finishJobs.execute(jobs.map((job) => succeeded(job, now)));
      if (refused.length > 0) throw new Error(`${refused.length} leases were lost`);
    },
    close: async () => {
      ready.onModuleDestroy();
      await clock.onModuleDestroy();
      await database.close();
    },
  };
}

function assemble(database: Database, types: JobTypes) {
  const { system } = database;
  const directory = new LaneDirectory();
  const lanes = new LaneSystemRepository();
  const look = new LaneLook(system, lanes, directory);
  const ready = new ReadyJobs(database, directory, look);
  const limits = new LimitSystemRepository();
  const limited = new LimitedClaim(lanes, limits);
  const claims = new ClaimJobs(
    system,
    lanes,
    directory,
    look,
    new LimitBook(system, limits),
    limited,
  );
  const endings = new JobEndSystemRepository();
  const events = new EventWriter(
    { tier: 'queue', emits, publicUrl: 'https://bench.invalid' },
    // No relay runs here: nobody has to be woken.
    { notify: () => undefined } as ConstructorParameters<typeof EventWriter>[1],
  );
  const groups = new GroupCount(new GroupSystemRepository(), events);
  const finishJobs = new FinishJobs(
    system,
    new FinishSystemRepository(),
    endings,
    limits,
    groups,
    events,
    types,
    ready,
  );
  const rescue = new RescueJobs(
    system,
    new CalmRoundSystemRepository(),
    new RescueSystemRepository(),
    endings,
    groups,
    batchRescue(database, types, groups, events),
    events,
    types,
    ready,
    new DueSystemRepository(),
  );
  const log = { warn: say, error: say } as never;
  const enqueue = new EnqueueSystemRepository();
  return {
    ready,
    claims,
    finishJobs,
    enqueue,
    together: new AddTogether(system, enqueue, ready),
    clock: new QueueClock(rescue, { start: () => undefined } as never, log),
  };
}

/** The rescuer looks at batches in the same round. */
function batchRescue(
  database: Database,
  types: JobTypes,
  groups: GroupCount,
  events: EventWriter,
): RescueBatches {
  const directory = new BatchDirectory();
  const look = new BatchLook(database.system, new BatchLaneSystemRepository(), directory);
  const ends = new EndBatches(
    new ReportBatchSystemRepository(),
    new RecipientSystemRepository(),
    new FinishSystemRepository(),
    groups,
    events,
  );
  return new RescueBatches(
    new BatchRescueSystemRepository(),
    ends,
    new BatchTypes({}, types),
    new ReadyBatches(database, directory, look),
  );
}

function newJob(tenantId: string, type: string, payload: BenchJob) {
  return {
    tenantId,
    jobId: newEmailId(),
    type: type as never,
    payload,
    priority: 0,
    maxAttempts: jobTypes.send_email.maxAttempts,
    scheduledAt: null,
    rateKey: '',
    domainKey: null,
    correlationId: null,
    traceparent: null,
  };
}

function succeeded({ tenantId, jobId, leaseToken }: ClaimedJob, now: string) {
  return {
    tenant_id: tenantId,
    job_id: jobId,
    lease_token: leaseToken,
    kind: 'succeeded' as const,
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
