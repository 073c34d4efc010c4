import { ContractViolationError } from '@penguinmails/contracts';
import { extractTrace, type Logger, spans, withSpan } from '@penguinmails/observability';
import type { JobResult, QueueClient } from '../clients/queue.client.js';
import type { HeldJob } from '../lease/held-jobs.js';
import { type JobHandler, type Report, resultOf } from '../lease/job-handler.js';
import { isRefusal } from '../lease/refusal.js';
import { ProgressMeter } from './progress-meter.js';
import type { SteppedWork } from './stepped-work.js';

type Outcome = Pick<JobResult, 'kind'> & Partial<Pick<JobResult, 'error_code' | 'retry_after_ms'>>;

/**
 * Runs long jobs piece by piece. Between two pieces it looks whether the job is to be cancelled, and
 * whether the process has to go: then the job snoozes and goes on elsewhere. One that has not begun by
 * then goes back.
 */
export class SteppedHandler implements JobHandler {
  constructor(
    private readonly work: SteppedWork,
    private readonly queue: Pick<QueueClient, 'progress'>,
    private readonly logger: Logger,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get type(): string {
    return this.work.type;
  }

  async handle(jobs: readonly HeldJob[], report: Report, signal: AbortSignal): Promise<void> {
    await Promise.all(jobs.map((job) => this.run(job, report, signal)));
  }

  private async run(job: HeldJob, report: Report, stop: AbortSignal): Promise<void> {
    const started_at = new Date().toISOString();
    const outcome = await this.attempt(job, stop);
    const finished_at = new Date().toISOString();
    report([resultOf(job, { ...outcome, started_at, finished_at })]);
  }

  private async attempt(job: HeldJob, stop: AbortSignal): Promise<Outcome> {
    if (stop.aborted) return { kind: 'returned' };
    const { traceparent } = job;
    const options = {
      attributes: {
        'job.id': job.id,
        'job.attempt': job.attempt,
        'penguinmails.job.type': job.type,
      },
      ...(traceparent !== null && { parent: extractTrace({ traceparent }) }),
    };
    try {
      return await withSpan(spans.jobRun, options, () => this.runSteps(job, stop));
    } catch (error) {
      this.logger.warn({ err: error, jobId: job.id, type: job.type }, 'job failed');
      return outcomeOf(error);
    }
  }

  private async runSteps(job: HeldJob, stop: AbortSignal): Promise<Outcome> {
    const total = this.work.total(job);
    const meter = new ProgressMeter(this.queue, job, this.logger, total, this.now);
    for await (const step of this.work.steps(job)) {
      const goesOn = await meter.count(step);
      if (!goesOn) return this.ending(meter, { kind: 'cancelled' });
      if (stop.aborted) return this.ending(meter, { kind: 'snoozed', retry_after_ms: 0 });
    }
    return this.ending(meter, { kind: 'succeeded' });
  }

  /** The last word on progress is what history keeps. */
  private async ending(meter: ProgressMeter, outcome: Outcome): Promise<Outcome> {
    await meter.close();
    return outcome;
  }
}

/** A tier that is away or busy is asked again; one that says no will say no again. */
function outcomeOf(error: unknown): Outcome {
  if (error instanceof ContractViolationError)
    return { kind: 'failed', error_code: 'payload_invalid' };
  if (isRefusal(error)) return { kind: 'failed', error_code: 'refused_by_tier' };
  return { kind: 'deferred', error_code: 'step_failed' };
}
