import { counter, type Logger, metrics } from '@penguinmails/observability';
import type { JobResult, QueueClient } from '../clients/queue.client.js';
import { BackOff } from './back-off.js';
import type { HandlerRegistry } from './handler-registry.js';
import type { HeldJob, HeldJobs } from './held-jobs.js';
import { resultOf } from './job-handler.js';
import type { OutcomeReporter } from './outcome-reporter.js';

const LONG_POLL_MS = 1_500;
/** Most jobs that the queue gives at once. */
const LEASE_MAX = 500;
/** So long a small room may grow: a lease costs the tiers nearly the same for one job as for many. */
const GATHER_MS = 50;

export interface LeaseLoopOptions {
  /** Jobs held at once, unreported ones included. */
  readonly capacity: number;
}

/**
 * Leases whenever there is room. Jobs that were given back because a tier is away make the loop wait
 * longer before it leases again: the queue would hand out the same jobs at once.
 */
export class LeaseLoop {
  private readonly stopping = new AbortController();
  /** While the queue gives no leases. */
  private readonly queueAway = new BackOff();
  /** While jobs have to be given back: a lease alone does not show that the other tiers are there. */
  private readonly tiersAway = new BackOff();
  private readonly active = new Set<Promise<void>>();
  private wake: () => void = () => undefined;
  private running: Promise<void> | undefined;
  private returnedSome = false;

  constructor(
    private readonly queue: QueueClient,
    private readonly held: HeldJobs,
    private readonly registry: HandlerRegistry,
    private readonly reporter: OutcomeReporter,
    private readonly logger: Logger,
    private readonly options: LeaseLoopOptions,
  ) {}

  start(): void {
    this.running = this.run();
  }

  /** Room came free: an outcome was settled. */
  hasRoom(): void {
    this.wake();
  }

  /** Leases no more, lets handlers end what they began. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.running;
    await Promise.all(this.active);
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      if (this.returnedSome) await this.waitForTiers();
      else if (this.room > 0) await this.leaseInto(this.room);
      else await this.settledWithin(LONG_POLL_MS);
    }
  }

  private get room(): number {
    return this.options.capacity - this.held.size;
  }

  /** Room for half of what may be held is a batch; less gets a moment to become one. */
  private async leaseInto(room: number): Promise<void> {
    const batch = Math.min(LEASE_MAX, Math.ceil(this.options.capacity / 2));
    if (room < batch) await this.roomWithin(batch, GATHER_MS);
    if (!this.stopping.signal.aborted) await this.leaseSome(Math.min(this.room, LEASE_MAX));
  }

  private async roomWithin(batch: number, ms: number): Promise<void> {
    const deadline = performance.now() + ms;
    for (let left = ms; left > 0; left = deadline - performance.now()) {
      if (this.room >= batch || this.stopping.signal.aborted) return;
      await this.settledWithin(left);
    }
  }

  /** Until an outcome is settled, the worker stops, or the time is over. */
  private settledWithin(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async leaseSome(room: number): Promise<void> {
    try {
      const lease = await this.queue.lease(this.registry.types, room, LONG_POLL_MS);
      this.queueAway.reset();
      this.execute(this.held.add(lease.lease_token, lease.jobs, lease.grants));
    } catch (error) {
      this.logger.warn({ err: error }, 'no lease from the queue');
      await this.queueAway.wait(this.stopping.signal);
    }
  }

  private async waitForTiers(): Promise<void> {
    this.returnedSome = false;
    await this.tiersAway.wait(this.stopping.signal);
  }

  private execute(jobs: readonly HeldJob[]): void {
    for (const [type, some] of Map.groupBy(jobs, (job) => job.type)) {
      const work = this.handle(type, some).finally(() => this.active.delete(work));
      this.active.add(work);
    }
  }

  private async handle(type: string, jobs: readonly HeldJob[]): Promise<void> {
    const silent = new Map(jobs.map((job) => [job.id, job]));
    const report = (results: readonly JobResult[]) => {
      for (const { job_id } of results) silent.delete(job_id);
      this.take(results);
    };
    try {
      await this.registry.handlerOf(type).handle(jobs, report, this.stopping.signal);
    } catch (error) {
      this.logger.error({ err: error, type }, 'handler failed');
    }
    const outcome = { kind: 'deferred', error_code: 'handler_failed' } as const;
    this.take([...silent.values()].map((job) => resultOf(job, outcome)));
  }

  private take(results: readonly JobResult[]): void {
    const returned = results.filter(({ kind }) => kind === 'returned');
    for (const { error_code } of returned)
      counter(metrics.jobsReturned).add(1, { reason: error_code ?? 'not_begun' });
    if (returned.some(isTiersFault)) this.returnedSome = true;
    if (returned.length < results.length) this.tiersAway.reset();
    if (results.length > 0) this.reporter.report(results);
  }
}

/** A job that says itself when to come again waits for its mail server and not for a tier. */
function isTiersFault({ retry_after_ms }: JobResult): boolean {
  return retry_after_ms === undefined;
}
