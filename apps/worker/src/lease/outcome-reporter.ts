import type { Logger } from '@penguinmails/observability';
import type { JobResult, QueueClient } from '../clients/queue.client.js';
import { BackOff } from './back-off.js';
import type { HeldJobs } from './held-jobs.js';

const BATCH = 200;
const GATHER_MS = 10;

/**
 * Reports outcomes in batches and keeps each until the queue has answered: an outcome lost here would
 * be a second copy later. While the queue is away the reports wait; their leases do not run out.
 */
export class OutcomeReporter {
  private readonly waiting: JobResult[] = [];
  private readonly aborted = new AbortController();
  private readonly backOff = new BackOff();
  private running: Promise<void> | undefined;

  constructor(
    private readonly queue: QueueClient,
    private readonly held: HeldJobs,
    private readonly logger: Logger,
    private readonly settled: () => void,
  ) {}

  report(results: readonly JobResult[]): void {
    this.waiting.push(...results);
    this.running ??= this.drain();
  }

  /** Waits until everything is reported, or until the deadline; answers how many were not. */
  async close(deadlineMs: number): Promise<number> {
    const timer = setTimeout(() => this.aborted.abort(), deadlineMs);
    await this.running;
    clearTimeout(timer);
    return this.waiting.length;
  }

  private async drain(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    while (this.waiting.length > 0 && !this.aborted.signal.aborted) await this.finishBatch();
    this.running = undefined;
  }

  private async finishBatch(): Promise<void> {
    const batch = this.waiting.slice(0, BATCH);
    try {
      const { refused } = await this.queue.finish(batch);
      if (refused.length > 0)
        this.logger.warn({ refused: refused.length }, 'outcomes refused as stale');
      this.waiting.splice(0, batch.length);
      this.held.release(batch.map(({ job_id }) => job_id));
      this.backOff.reset();
      this.settled();
    } catch (error) {
      this.logger.warn({ err: error, waiting: this.waiting.length }, 'outcomes not reported yet');
      await this.backOff.wait(this.aborted.signal);
    }
  }
}
