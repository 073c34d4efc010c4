import { isDeepStrictEqual } from 'node:util';
import { type Logger, spans, withSpan } from '@penguinmails/observability';
import type { JobResult, QueueClient } from '../clients/queue.client.js';
import { BackOff } from './back-off.js';
import { batchSpan } from './batch-span.js';
import type { HeldJobs } from './held-jobs.js';
import { isRefusal } from './refusal.js';

/** Most that the queue takes at once. */
const BATCH = 500;
/** So many go at once; fewer wait a moment for more, unless nothing else is on its way. */
const WORTH_A_REPORT = 250;
const GATHER_MS = 50;

/**
 * Reports outcomes in batches and keeps each until the queue has answered: an outcome lost here would
 * be a second copy later. While the queue is away the reports wait; their leases do not run out.
 */
export class OutcomeReporter {
  private waiting: JobResult[] = [];
  private batchSize = BATCH;
  private readonly aborted = new AbortController();
  private readonly backOff = new BackOff();
  private running: Promise<void> | undefined;
  private gathered: () => void = () => undefined;
  private closing = false;

  constructor(
    private readonly queue: Pick<QueueClient, 'finish'>,
    private readonly held: HeldJobs,
    private readonly logger: Logger,
    private readonly settled: () => void,
  ) {}

  report(results: readonly JobResult[]): void {
    this.waiting.push(...results);
    if (this.isWorthIt) this.gathered();
    this.running ??= this.drain();
  }

  /** Waits until everything is reported, or until the deadline; answers how many were not. */
  async close(deadlineMs: number): Promise<number> {
    this.closing = true;
    this.gathered();
    const timer = setTimeout(() => this.aborted.abort(), deadlineMs);
    await this.running;
    clearTimeout(timer);
    return this.waiting.length;
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0 && !this.aborted.signal.aborted) {
      if (!this.isWorthIt) await this.gather();
      await this.finishBatch();
    }
    this.running = undefined;
  }

  /** Nothing more comes soon, or there is enough; a batch that was refused is not gathered again. */
  private get isWorthIt(): boolean {
    const { length } = this.waiting;
    const enough = length >= WORTH_A_REPORT || length >= this.held.size;
    return enough || this.closing || this.batchSize < BATCH;
  }

  private gather(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS);
      this.gathered = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async finishBatch(): Promise<void> {
    const batch = this.nextBatch();
    try {
      const { refused } = await this.finish(batch);
      if (refused.length > 0)
        this.logger.warn({ refused: refused.length }, 'outcomes refused as stale');
      this.settle(batch);
    } catch (error) {
      if (isRefusal(error)) this.suspect(batch, error);
      else await this.wait(error);
    }
  }

  /** Each job once: two outcomes of one job (two leases) go one after the other. */
  private nextBatch(): JobResult[] {
    const byJob = new Map<string, JobResult>();
    for (const result of this.waiting) {
      if (byJob.size >= this.batchSize) break;
      if (!byJob.has(result.job_id)) byJob.set(result.job_id, result);
    }
    return [...byJob.values()];
  }

  private finish(batch: readonly JobResult[]) {
    const traces = batch.flatMap(({ job_id }) => this.held.traceOf(job_id) ?? []);
    const options = batchSpan(batch.length, traces);
    return withSpan(spans.jobFinish, options, () => this.queue.finish(batch));
  }

  private settle(batch: readonly JobResult[]): void {
    const done = new Set(batch);
    this.waiting = this.waiting.filter((result) => !done.has(result));
    this.held.release(
      batch.map(({ job_id, lease_token }) => ({ id: job_id, leaseToken: lease_token })),
    );
    this.batchSize = BATCH;
    this.backOff.reset();
    this.settled();
  }

  /**
   * The queue will never take this: find the culprit one by one. What happened to its message must not
   * be lost with the detail that is refused, or a delivered one would go out again: it is reported
   * once more without any detail.
   */
  private suspect(batch: readonly JobResult[], error: unknown): void {
    const [culprit, ...others] = batch;
    this.batchSize = 1;
    if (!culprit || others.length > 0) return;
    this.logger.error({ err: error, jobId: culprit.job_id }, 'the queue refuses an outcome');
    const bare = withoutDetail(culprit);
    if (isDeepStrictEqual(bare, culprit)) this.settle(batch);
    else this.waiting = this.waiting.map((result) => (result === culprit ? bare : result));
  }

  private async wait(error: unknown): Promise<void> {
    this.logger.warn({ err: error, waiting: this.waiting.length }, 'outcomes not reported yet');
    await this.backOff.wait(this.aborted.signal);
  }
}

function withoutDetail(result: JobResult): JobResult {
  return { ...result, code: null, enhanced_code: null, error_code: null, reply: null };
}
