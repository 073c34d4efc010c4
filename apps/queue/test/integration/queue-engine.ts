import { createHash } from 'node:crypto';
import { Writable } from 'node:stream';
import { Secret } from '@penguinmails/config';
import { newEmailId, newId, newStorageKey } from '@penguinmails/contracts';
import { openDatabase } from '@penguinmails/database';
import { createLogger } from '@penguinmails/observability';
import { EventWriter, type ReceivedEvent } from '@penguinmails/outbox';
import { createTierDatabase, eventually, patientPools, testKeys } from '@penguinmails/testing';
import pg from 'pg';
import { AddJob } from '../../src/enqueue/add-job.js';
import { AddTogether } from '../../src/enqueue/add-together.js';
import { DedupeSystemRepository } from '../../src/enqueue/dedupe.system.repository.js';
import { EnqueueJobs } from '../../src/enqueue/enqueue-jobs.js';
import { AuditLog } from '../../src/audit/audit-log.js';
import { DeadLetterSystemRepository } from '../../src/dead-letter/dead-letter.system.repository.js';
import { OrderRedrive } from '../../src/dead-letter/order-redrive.js';
import { PreviewRedrive } from '../../src/dead-letter/preview-redrive.js';
import { RedriveDeadLetters } from '../../src/dead-letter/redrive-dead-letters.js';
import { RedriveOrderSystemRepository } from '../../src/dead-letter/redrive-order.system.repository.js';
import { RedriveSystemRepository } from '../../src/dead-letter/redrive.system.repository.js';
import { EnqueueSystemRepository } from '../../src/enqueue/enqueue.system.repository.js';
import { OnEmailAccepted } from '../../src/enqueue/on-email-accepted.js';
import { OnEmailWithdrawn } from '../../src/enqueue/on-email-withdrawn.js';
import { ExpireJobs } from '../../src/expire/expire-jobs.js';
import { ExpireSystemRepository } from '../../src/expire/expire.system.repository.js';
import { FinishJobs } from '../../src/finish/finish-jobs.js';
import type { FinishResult } from '../../src/finish/finish-result.js';
import { FinishSystemRepository } from '../../src/finish/finish.system.repository.js';
import { CancelJob } from '../../src/job/cancel-job.js';
import { GetJob } from '../../src/job/get-job.js';
import { HeldJobSystemRepository } from '../../src/job/held-job.system.repository.js';
import { HoldingFactsRepository } from '../../src/job/holding-facts.repository.js';
import { JobEndSystemRepository } from '../../src/job/job-end.system.repository.js';
import { JobListRepository } from '../../src/job/job-list.repository.js';
import { JobRepository } from '../../src/job/job.repository.js';
import { ListAttempts } from '../../src/job/list-attempts.js';
import { ListJobs } from '../../src/job/list-jobs.js';
import { RetryJob } from '../../src/job/retry-job.js';
import type { JobKey } from '../../src/job/unfinished-job.js';
import { JobTypes } from '../../src/job-type/job-types.js';
import { GrantSigner } from '../../src/lease/grant-signer.js';
import { BuryMisfits } from '../../src/lease/bury-misfits.js';
import { type Lease, LeaseJobs } from '../../src/lease/lease-jobs.js';
import { ClaimJobs } from '../../src/lane/claim-jobs.js';
import { LaneDirectory } from '../../src/lane/lane-directory.js';
import { LaneLook } from '../../src/lane/lane-look.js';
import { LaneSystemRepository } from '../../src/lane/lane.system.repository.js';
import { LeaseSystemRepository } from '../../src/lease/lease.system.repository.js';
import { ReadyJobs } from '../../src/lease/ready-jobs.js';
import { RenewLeases } from '../../src/lease/renew-leases.js';
import { LimitBook } from '../../src/limit/limit-book.js';
import { LimitSystemRepository } from '../../src/limit/limit.system.repository.js';
import { LimitedClaim } from '../../src/limit/limited-claim.js';
import { GroupCount } from '../../src/group/group-count.js';
import { GroupSystemRepository } from '../../src/group/group.system.repository.js';
import { DueSystemRepository } from '../../src/leader/due.system.repository.js';
import { RetentionSystemRepository } from '../../src/maintenance/retention.system.repository.js';
import { RunMaintenance } from '../../src/maintenance/run-maintenance.js';
import { VacuumSystemRepository } from '../../src/maintenance/vacuum.system.repository.js';
import { queueDatabaseSettings } from '../../src/persistence/queue-database.js';
import { emits } from '../../src/queue.events.js';
import { ProgressSystemRepository } from '../../src/progress/progress.system.repository.js';
import { RecordProgress } from '../../src/progress/record-progress.js';
import { CalmRoundSystemRepository } from '../../src/rescue/calm-round.system.repository.js';
import { RescueJobs } from '../../src/rescue/rescue-jobs.js';
import { RescueSystemRepository } from '../../src/rescue/rescue.system.repository.js';
import { assembleBatches } from './batch-engine.js';
import { RunSchedules } from '../../src/schedule/run-schedules.js';
import { ScheduleSystemRepository } from '../../src/schedule/schedule.system.repository.js';
import { WriteSchedules } from '../../src/schedule/write-schedules.js';

export type EmailAccepted = ReceivedEvent<'penguinmails.email.accepted.v1'>;
type EmailWithdrawn = ReceivedEvent<'penguinmails.email.withdrawn.v1'>;

const STILL_THERE = new AbortController().signal;
export const TYPES = ['send_email'];

/** Everything of the service but its HTTP and Kafka ends, on a real database of its own. */
export async function startQueueEngine() {
  const database = await createTierDatabase('queue');
  const db = openDatabase(
    patientPools(
      queueDatabaseSettings({
        url: new Secret(database.appUrl),
        systemUrl: new Secret(database.systemUrl),
        pooled: false,
      }),
    ),
  );
  const admin = new pg.Pool({ connectionString: database.adminUrl, max: 4 });
  // end() does not wait for the server: dropping the database may still cut a session off.
  admin.on('error', () => undefined);
  const parts = assemble(db);
  const replicas = [parts];

  /** Rows of the database as its superuser sees them. */
  const rows = async <R extends object = Record<string, unknown>>(
    text: string,
    values: unknown[] = [],
  ): Promise<R[]> => (await admin.query<R>(text, values)).rows;

  const lease = (max: number, worker = 'worker-1', waitMs = 0): Promise<Lease> =>
    parts.leaseJobs.execute({ worker_id: worker, types: TYPES, max, wait_ms: waitMs }, STILL_THERE);

  /** Data of the events of a type that the outbox holds, in order, with tenant and key. */
  const published = async (type: string) =>
    (
      await rows<{ tenant_id: string; key: string; payload: string }>(
        'SELECT tenant_id, key, payload FROM outbox WHERE type = $1 ORDER BY seq',
        [`penguinmails.${type}`],
      )
    ).map(({ tenant_id, key, payload }) => ({ tenant_id, key, data: JSON.parse(payload) }));

  return {
    database,
    db,
    admin,
    rows,
    lease,
    published,
    ...parts,

    /** The same service once more, on the same database. */
    anotherReplica: () => {
      const replica = assemble(db);
      replicas.push(replica);
      return replica;
    },

    find: ({ tenantId, data }: EmailAccepted) => parts.getJob.execute(tenantId, data.email_id),
    attemptsOf: ({ tenantId, data }: EmailAccepted) =>
      parts.listAttempts.execute(tenantId, data.email_id),

    /** Leases everything that is ready and reports the same outcome for all of it. */
    tryOnce: async (result: Partial<FinishResult> = {}) => {
      const { jobs, leaseToken } = await lease(500);
      return parts.finishJobs.execute(jobs.map((job) => resultOf(job, leaseToken, result)));
    },

    /** What oltp was told, in order. */
    deliveries: async () =>
      (await published('delivery.recorded.v1')).flatMap(({ data }) => data.items),

    makeDue: async () => {
      await admin.query('UPDATE job_queue SET scheduled_at = now()');
      await lookAgain(parts);
    },

    /**
     * Seconds for which the work puts off everything in a table: `least` and `most`, since nobody knows
     * how long the work itself took.
     */
    delayBy: async (work: () => Promise<unknown>, table = 'job_queue'): Promise<Delay> => {
      const [{ before }] = await rows<{ before: string }>('SELECT now()::text AS before');
      await work();
      const [delay] = await rows<{ least: number; most: number }>(
        `SELECT extract(epoch FROM min(scheduled_at) - clock_timestamp())::float8 AS least,
           extract(epoch FROM max(scheduled_at) - $1)::float8 AS most FROM ${table}`,
        [before],
      );
      return delay;
    },

    /** The service is up: if the machine stands still before the next round, that is no outage. */
    keepUp: () => admin.query(`UPDATE queue_clock SET stamped_at = now() + interval '1 minute'`),

    accept: (events: EmailAccepted[]) =>
      db.system.slice((tx) => parts.onEmailAccepted.handle(events, tx)),

    withdraw: (events: EmailAccepted[]) =>
      db.system.slice((tx) => parts.onEmailWithdrawn.handle(events.map(withdrawn), tx)),

    /** As if `seconds` had passed for everything that the rescuer looks at. */
    letTimePass: (seconds: number) =>
      admin.query(
        `WITH leases AS (UPDATE job_queue SET lease_expires_at = lease_expires_at - $1 * interval '1 second'
           WHERE status = 'running')
         UPDATE queue_clock SET stamped_at = stamped_at - $1 * interval '1 second'`,
        [seconds],
      ),

    /** As if `seconds` had passed while the queue service was up and stamped its clock. */
    letLeasesAge: (seconds: number) =>
      admin.query(
        `UPDATE job_queue SET lease_expires_at = lease_expires_at - $1 * interval '1 second'
         WHERE status = 'running'`,
        [seconds],
      ),

    empty: async () => {
      await admin.query(
        `TRUNCATE job_queue, job_history, job_attempts, dead_letters, outbox, queue_clock,
           queue_controls, lane_pauses, rate_limits, dedupe_keys, schedules, rate_buckets,
           job_groups, horizon_marks, job_batches, batch_history`,
      );
      // Lanes that are known from before would have their shares of the next claims.
      for (const { directory, batches } of replicas)
        for (const each of [directory, batches.directory]) each.replace([], each.beforeLook());
    },

    stop: async () => {
      replicas.forEach(({ ready, batches }) => {
        ready.onModuleDestroy();
        batches.ready.onModuleDestroy();
      });
      await Promise.all([db.close(), admin.end()]);
      await database.drop();
    },
  };
}

export type QueueEngine = Awaited<ReturnType<typeof startQueueEngine>>;

/** Within these seconds something was put off. */
export interface Delay {
  readonly least: number;
  readonly most: number;
}

/** So that the next claim, which waits for nothing, looks at the table for what nobody gave a sign of. */
export async function lookAgain({ ready, laneLook }: LookingParts): Promise<void> {
  ready.wake();
  await eventually(() => laneLook.isDue());
}
type LookingParts = Pick<ReturnType<typeof assemble>, 'ready' | 'laneLook'>;

function assemble(db: ReturnType<typeof openDatabase>) {
  const directory = new LaneDirectory();
  const lanes = new LaneSystemRepository();
  const laneLook = new LaneLook(db.system, lanes, directory);
  const ready = new ReadyJobs(db, directory, laneLook);
  ready.onModuleInit();
  const types = new JobTypes();
  const endings = new JobEndSystemRepository();
  const enqueue = new EnqueueSystemRepository();
  const finish = new FinishSystemRepository();
  const leases = new LeaseSystemRepository();
  const limits = new LimitSystemRepository();
  const limitBook = new LimitBook(db.system, limits);
  const limitedClaim = new LimitedClaim(lanes, limits);
  const claims = new ClaimJobs(db.system, lanes, directory, laneLook, limitBook, limitedClaim);
  const calm = new CalmRoundSystemRepository();
  const rescue = new RescueSystemRepository();
  const jobs = new JobRepository();
  const progress = new ProgressSystemRepository();
  const signer = new GrantSigner({ issuer: 'queue', privateKey: testKeys().queue.privateKey });
  const events = new EventWriter({ tier: 'queue', emits, publicUrl: 'https://mail.example' }, {
    notify: () => undefined,
  } as ConstructorParameters<typeof EventWriter>[1]);
  const groups = new GroupCount(new GroupSystemRepository(), events);
  const batches = assembleBatches({ db, types, signer, limits, limitBook, finish, groups, events });
  const enqueueJobs = new EnqueueJobs(types, enqueue, new DedupeSystemRepository(), ready);
  const schedules = new ScheduleSystemRepository();
  const expire = new ExpireSystemRepository();
  const due = new DueSystemRepository();
  const vacuum = new VacuumSystemRepository();
  const getJob = new GetJob(db.tenants, jobs, new HoldingFactsRepository());
  const held = new HeldJobSystemRepository();
  const redrive = new RedriveSystemRepository();
  const { audit, audited } = auditLog();
  const finishJobs = new FinishJobs(
    ...([db.system, finish, endings, limits, groups, events, types, ready] as const),
  );
  const misfits = new BuryMisfits(finishJobs);
  return {
    ready,
    laneLook,
    groups,
    batches,
    claims,
    directory,
    repositories: {
      calm,
      lanes,
      limits,
      due,
      endings,
      enqueue,
      expire,
      finish,
      leases,
      progress,
      rescue,
      schedules,
      vacuum,
    },
    enqueueJobs,
    addJob: new AddJob(db.system, types, new AddTogether(db.system, enqueue, ready), enqueueJobs),
    expireJobs: new ExpireJobs(db.system, expire, endings, groups, events, types),
    runSchedules: new RunSchedules(db.system, schedules, enqueueJobs, events, types),
    writeSchedules: new WriteSchedules(db.system, types, schedules),
    runMaintenance: new RunMaintenance(db.system, new RetentionSystemRepository(), vacuum, events),
    onEmailAccepted: new OnEmailAccepted(enqueue, ready),
    onEmailWithdrawn: new OnEmailWithdrawn(enqueue, endings, groups),
    leaseJobs: new LeaseJobs(db.system, leases, limits, claims, ready, types, signer, misfits),
    renewLeases: new RenewLeases(db.system, leases, types, signer),
    finishJobs,
    rescueJobs: new RescueJobs(
      db.system,
      calm,
      rescue,
      endings,
      groups,
      batches.rescueBatches,
      events,
      types,
      ready,
      due,
    ),
    recordProgress: new RecordProgress(db.system, progress),
    getJob,
    listJobs: new ListJobs(db.tenants, new JobListRepository()),
    cancelJob: new CancelJob(db.system, held, endings, groups, events, getJob),
    retryJob: new RetryJob(db.system, held, redrive, getJob, ready),
    audited,
    orderRedrive: new OrderRedrive(
      db.system,
      new RedriveOrderSystemRepository(),
      new DeadLetterSystemRepository(),
      enqueueJobs,
      getJob,
      audit,
    ),
    previewRedrive: new PreviewRedrive(db.system, new DeadLetterSystemRepository()),
    redriveDeadLetters: new RedriveDeadLetters(db.system, redrive, ready),
    listAttempts: new ListAttempts(db.tenants, jobs),
  };
}

/** What was changed by whom, as the log has it. */
function auditLog() {
  const lines: string[] = [];
  const destination = new Writable({
    write: (line, _encoding, done) => {
      lines.push(String(line));
      done();
    },
  });
  const audit = new AuditLog(createLogger('queue', { destination }));
  return { audit, audited: () => lines.join('') };
}

/** An accepted e-mail of a new tenant, unless told otherwise. */
export function acceptedEmail(
  data: Partial<EmailAccepted['data']> = {},
  tenantId = newId(),
): EmailAccepted {
  const id = data.email_id ?? newEmailId();
  return {
    id: newId(),
    type: 'penguinmails.email.accepted.v1',
    tenantId,
    subject: id,
    time: new Date(),
    data: {
      email_id: id,
      storage_key: newStorageKey(),
      mailbox_id: newId(),
      domain_key: createHash('md5').update('example.com').digest('hex'),
      mode: 'live',
      priority: 0,
      scheduled_at: null,
      size_bytes: 1234,
      ...data,
    },
    entityVersion: null,
    correlationId: newId(),
    causationId: null,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
}

function withdrawn({ tenantId, data }: EmailAccepted): EmailWithdrawn {
  return {
    ...acceptedEmail({}, tenantId),
    type: 'penguinmails.email.withdrawn.v1',
    subject: data.email_id,
    data: { email_id: data.email_id, reason: 'cancelled' },
  };
}

/** Accepted e-mails of one tenant. */
export function manyEmails(n: number, tenantId = newId()): EmailAccepted[] {
  return Array.from({ length: n }, () => acceptedEmail({}, tenantId));
}

/** A report about a leased job. */
export function resultOf(
  job: JobKey,
  leaseToken: string,
  result: Partial<FinishResult> = {},
): FinishResult {
  return {
    tenant_id: job.tenantId,
    job_id: job.jobId,
    lease_token: leaseToken,
    kind: 'delivered',
    code: 250,
    enhanced_code: '2.0.0',
    error_code: null,
    reply: null,
    started_at: new Date(Date.now() - 1000).toISOString(),
    finished_at: new Date().toISOString(),
    ...result,
  };
}
