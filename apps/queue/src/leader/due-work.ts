import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from '@penguinmails/observability';
import { ExpireJobs } from '../expire/expire-jobs.js';
import { QUEUE_LOGGER } from '../queue.tokens.js';
import { RunSchedules } from '../schedule/run-schedules.js';
import type { Due } from './due.js';

type Kind = keyof Due;

/**
 * What the leader of a round of the clock starts when there is something to do, beside the clock: a
 * long run must not keep it from being stamped. One run of a kind at a time; an idle queue costs no
 * transaction for it.
 */
@Injectable()
export class DueWork implements OnModuleDestroy {
  private readonly running = new Map<Kind, Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly expireJobs: ExpireJobs,
    private readonly runSchedules: RunSchedules,
    @Inject(QUEUE_LOGGER) private readonly log: Logger,
  ) {}

  /** Starts what is due and not running already. */
  start(due: Due): void {
    if (due.expiries) this.begin('expiries', () => this.expireJobs.execute(this.stopping.signal));
    if (due.schedules) this.begin('schedules', () => this.runSchedules.execute());
  }

  /** Waits for the transactions that are under way: the database is closed after this. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.running.values());
  }

  private begin(kind: Kind, work: () => Promise<unknown>): void {
    if (this.stopping.signal.aborted || this.running.has(kind)) return;
    const run = work()
      .then(() => undefined)
      .catch((error: unknown) => this.log.error({ err: error, kind }, 'due work failed'))
      .finally(() => this.running.delete(kind));
    this.running.set(kind, run);
  }
}
