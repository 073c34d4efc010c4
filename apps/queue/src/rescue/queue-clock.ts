import { hostname } from 'node:os';
import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { Logger } from '@penguinmails/observability';
import { DueWork } from '../leader/due-work.js';
import { QUEUE_LOGGER } from '../queue.tokens.js';
import { RescueJobs } from './rescue-jobs.js';

/** How often each replica stamps the clock. */
export const TICK_MS = 1000;

/**
 * Runs a round of the rescuer once a second, and starts what its leader finds due. A round that leaves
 * leases which ran out is followed by the next one at once, which stamps the clock anew. One that fails
 * leaves the clock unstamped: if that goes on, it counts as an outage, which is what it is.
 */
@Injectable()
export class QueueClock implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly replica = `${hostname()}:${process.pid}`.slice(0, 100);
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly rescuer: RescueJobs,
    private readonly dueWork: DueWork,
    @Inject(QUEUE_LOGGER) private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.tick();
  }

  /** Waits for the round that is under way; none follows it. */
  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private tick(): void {
    const started = performance.now();
    this.running = this.rounds().then(() => {
      const wait = Math.max(0, TICK_MS - (performance.now() - started));
      if (!this.stopped) this.timer = setTimeout(() => this.tick(), wait);
    });
  }

  private async rounds(): Promise<void> {
    for (let more = true; more && !this.stopped;) more = await this.round();
  }

  /** @returns whether leases that ran out are left; after a failure the next second will tell */
  private async round(): Promise<boolean> {
    try {
      const { outageMs, rescued, more, due } = await this.rescuer.execute(this.replica);
      if (outageMs > 0)
        this.log.warn({ outageMs }, 'the queue was down; running leases were extended by as much');
      if (rescued > 0) this.log.warn({ rescued }, 'leases ran out; their jobs are ready again');
      this.dueWork.start(due);
      return more;
    } catch (error) {
      this.log.error({ err: error }, 'the clock could not be stamped');
      return false;
    }
  }
}
