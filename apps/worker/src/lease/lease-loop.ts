import type { Logger } from '@penguinmails/observability';
import type { JobResult, QueueClient } from '../clients/queue.client.js';
import { BackOff } from './back-off.js';
import type { HandlerRegistry } from './handler-registry.js';
import type { HeldJob, HeldJobs } from './held-jobs.js';
import { resultOf } from './job-handler.js';
import type { OutcomeReporter } from './outcome-reporter.js';

const LONG_POLL_MS = 1_500;

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
      const room = this.options.capacity - this.held.size;
      if (this.returnedSome) await this.waitForTiers();
      else if (room > 0) await this.leaseSome(room);
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
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
    if (results.some(({ kind }) => kind === 'returned')) this.returnedSome = true;
    if (results.some(({ kind }) => kind !== 'returned')) this.tiersAway.reset();
    if (results.length > 0) this.reporter.report(results);
  }
}
