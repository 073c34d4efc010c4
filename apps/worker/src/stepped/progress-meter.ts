import type { Logger } from '@penguinmails/observability';
import type { Progress, QueueClient } from '../clients/queue.client.js';
import type { HeldJob } from '../lease/held-jobs.js';
import type { Step } from './stepped-work.js';

/** Shortest time between two reports of one job. */
const REPORT_MS = 1_000;

/**
 * Counts the steps of one job, and tells the queue at most once a second and at the end. Progress that
 * does not arrive is no reason to stop.
 */
export class ProgressMeter {
  private progress: Progress;
  private toldAt: number;
  private told: Progress | undefined;

  constructor(
    private readonly queue: Pick<QueueClient, 'progress'>,
    private readonly job: HeldJob,
    private readonly logger: Logger,
    total: number | null,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.progress = { done: 0, total, failed: 0 };
    this.toldAt = now();
  }

  /** @returns false when the job is to be cancelled or is no longer ours */
  async count({ done, failed }: Step): Promise<boolean> {
    const { progress } = this;
    const sum = { done: progress.done + done, failed: progress.failed + failed };
    this.progress = { ...progress, ...sum };
    if (this.now() - this.toldAt < REPORT_MS) return !this.job.signal.aborted;
    return this.tell();
  }

  /** Tells where the job stands at its end, unless the queue knows. */
  async close(): Promise<void> {
    if (this.told !== this.progress) await this.tell();
  }

  private async tell(): Promise<boolean> {
    this.toldAt = this.now();
    this.told = this.progress;
    try {
      const { held, cancelled } = await this.queue.progress(this.job, this.progress);
      return held && !cancelled && !this.job.signal.aborted;
    } catch (error) {
      this.logger.warn({ err: error, jobId: this.job.id }, 'progress not reported');
      return !this.job.signal.aborted;
    }
  }
}
