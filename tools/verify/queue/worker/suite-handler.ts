import { setTimeout as delay } from 'node:timers/promises';
import type { HeldJob, HeldJobs } from '../../../../apps/worker/dist/lease/held-jobs.js';
import {
  type JobHandler,
  type Report,
  resultOf,
} from '../../../../apps/worker/dist/lease/job-handler.js';
import type { Journal } from './journal.ts';
import { kindOf, planOf } from './job-plan.ts';

/**
 * Stands for the work of send_email: sends nothing, and notes each job that it begins before it does.
 * Jobs that are not begun when the worker stops are given back, and lost ones are not begun, as the
 * product's handler does.
 */
export class SuiteHandler implements JobHandler {
  readonly type = 'send_email';
  readonly #journal: Journal;
  readonly #held: HeldJobs;
  readonly #atOnce: number;
  #running = 0;
  readonly #queue: (() => void)[] = [];

  constructor(journal: Journal, held: HeldJobs, atOnce: number) {
    this.#journal = journal;
    this.#held = held;
    this.#atOnce = atOnce;
  }

  async handle(jobs: readonly HeldJob[], report: Report, signal: AbortSignal): Promise<void> {
    await Promise.all(jobs.map((job) => this.#handleOne(job, report, signal)));
  }

  async #handleOne(job: HeldJob, report: Report, signal: AbortSignal): Promise<void> {
    const { slow } = planOf(job.payload);
    if (!slow) await this.#enter();
    try {
      if (signal.aborted) report([resultOf(job, { kind: 'returned' })]);
      else if (this.#held.holds(job)) await this.#work(job, report);
    } finally {
      if (!slow) this.#leave();
    }
  }

  async #work(job: HeldJob, report: Report): Promise<void> {
    const plan = planOf(job.payload);
    const note = { job: job.id, tenant: job.tenant_id, lease: job.leaseToken };
    await this.#journal.note([{ ...note, event: 'begin', attempt: job.attempt }]);
    if (plan.poison) process.kill(process.pid, 'SIGKILL');
    const startedAt = new Date().toISOString();
    await delay(plan.work_ms);
    const kind = kindOf(plan, job.attempt);
    await this.#journal.note([{ ...note, event: 'end', kind }]);
    report([resultOf(job, { kind, started_at: startedAt })]);
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#atOnce) this.#running += 1;
    else await new Promise<void>((resume) => this.#queue.push(resume));
  }

  /** The place goes to the next in line, or becomes free. */
  #leave(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#running -= 1;
  }
}
