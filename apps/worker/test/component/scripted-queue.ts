import { randomUUID } from 'node:crypto';
import { signGrant } from '@penguinmails/http';
import { testKeys } from '@penguinmails/testing';
import type {
  HeldLease,
  JobResult,
  LeasedJob,
  LeaseGrant,
} from '../../src/clients/queue.client.js';
import { Refusal, TierServer } from './tier-server.js';

const LEASE_MS = 600_000;
/** Longest reply that the queue takes. */
const REPLY_MAX = 2_000;

interface Running {
  readonly job: LeasedJob;
  readonly token: string;
}

/** The queue tier as the worker sees it: jobs in memory, tokens that fence, real grants. */
export class ScriptedQueue {
  readonly results: JobResult[] = [];
  /** Replaces the grants of the leases that follow. */
  grants: ((real: readonly LeaseGrant[]) => readonly unknown[]) | undefined;
  /** Running jobs that somebody asked to cancel. */
  readonly toBeCancelled = new Set<string>();
  /** Rows that each task of maintenance still has to tidy up. */
  readonly untidy = new Map<string, number>();
  /** Dead letters that fit every filter. */
  deadLetters: string[] = [];
  /** The answer of finish gets lost this often, after it has taken effect. */
  loseFinishAnswers = 0;
  readonly server = new TierServer('queue', {
    '/internal/leases': (body) => this.lease(body),
    '/internal/leases:heartbeat': (body) => this.renew(body),
    '/internal/leases:finish': (body) => this.finish(body),
    '/internal/leases:progress': (body) => this.progress(body),
    '/internal/maintenance:run': (body) => this.maintain(body),
    '/internal/dead-letters:redrive': (body) => this.redrive(body),
  });
  private readonly running = new Map<string, Running>();
  private ready: LeasedJob[] = [];
  private wake = Promise.withResolvers<void>();

  offer(...jobs: readonly LeasedJob[]): void {
    this.ready.push(...jobs);
    this.wake.resolve();
    this.wake = Promise.withResolvers();
  }

  /** The lease has run out and somebody else has the job. */
  takeAway(id: string): void {
    this.running.delete(id);
  }

  resultOf(id: string): JobResult | undefined {
    return this.results.find(({ job_id, kind }) => job_id === id && kind !== 'returned');
  }

  kindsOf(id: string): string[] {
    return this.results.filter(({ job_id }) => job_id === id).map(({ kind }) => kind);
  }

  private async lease({ max, wait_ms }: { max: number; wait_ms: number }): Promise<unknown> {
    if (this.ready.length === 0) await this.untilOfferedOr(wait_ms);
    const jobs = this.ready.splice(0, max);
    const token = randomUUID();
    for (const job of jobs) this.running.set(job.id, { job, token });
    const expiresAt = new Date(Date.now() + LEASE_MS);
    const real = await this.sign(jobs, token, expiresAt);
    const grants = this.grants?.(real) ?? real;
    return { lease_token: token, lease_expires_at: expiresAt, jobs, grants };
  }

  private progress({ job_id, lease_token }: { job_id: string; lease_token: string }): unknown {
    return { held: this.holds(job_id, lease_token), cancelled: false };
  }

  private maintain({ task, limit }: { task: string; limit: number }): unknown {
    const left = this.untidy.get(task) ?? 0;
    const done = Math.min(left, limit);
    this.untidy.set(task, left - done);
    return { done, more: left > done };
  }

  private redrive({ filter, limit }: { filter: { type?: string }; limit: number }): unknown {
    if (filter.type === 'unheard_of') throw new Refusal(422, 'unknown_job_type');
    const some = this.deadLetters.splice(0, limit);
    const redriven = some.map((id) => ({ dead_letter_id: id, job_id: randomUUID() }));
    return { redriven, more: this.deadLetters.length > 0 };
  }

  private async untilOfferedOr(waitMs: number): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, waitMs).unref());
    await Promise.race([this.wake.promise, late]);
  }

  private async renew({ leases }: { leases: readonly HeldLease[] }): Promise<unknown> {
    const asked = leases.flatMap(({ lease_token, jobs }) =>
      jobs.map(({ id }) => ({ id, lease_token })),
    );
    const held = asked.filter(({ id, lease_token }) => this.holds(id, lease_token));
    const lost = asked.filter((one) => !held.includes(one)).map(({ id }) => id);
    const cancelled = held.map(({ id }) => id).filter((id) => this.toBeCancelled.has(id));
    return { lease_expires_at: new Date(Date.now() + LEASE_MS), lost, cancelled, grants: [] };
  }

  private async finish({ results }: { results: readonly JobResult[] }): Promise<unknown> {
    if (results.some(({ reply }) => (reply?.length ?? 0) > REPLY_MAX))
      throw new Refusal(422, 'validation_failed');
    const accepted = results.filter((result) => this.holds(result.job_id, result.lease_token));
    for (const result of accepted) this.settle(result);
    if (this.loseFinishAnswers > 0) {
      this.loseFinishAnswers -= 1;
      throw new Refusal(500, 'internal_error');
    }
    const refused = results.filter((result) => !accepted.includes(result));
    const ids = (some: readonly JobResult[]) => some.map(({ job_id }) => job_id);
    return { accepted: ids(accepted), refused: ids(refused) };
  }

  private settle(result: JobResult): void {
    const { job } = this.running.get(result.job_id)!;
    this.running.delete(job.id);
    this.results.push(result);
    if (result.kind === 'returned')
      setTimeout(() => this.offer(job), result.retry_after_ms ?? 0).unref();
  }

  private holds(id: string, token: string): boolean {
    return this.running.get(id)?.token === token;
  }

  private async sign(
    jobs: readonly LeasedJob[],
    leaseToken: string,
    expiresAt: Date,
  ): Promise<LeaseGrant[]> {
    if (jobs.length === 0) return [];
    const key = { issuer: 'queue', privateKey: testKeys().queue.privateKey } as const;
    const groups = [...Map.groupBy(jobs, ({ tenant_id }) => tenant_id)];
    const tenants = groups.map(([tenantId, own]) => ({
      tenantId,
      jobIds: own.map(({ id }) => id),
      contentKeys: own.map(({ storage_key }) => storage_key),
      mailboxIds: own.map(({ mailbox_id }) => mailbox_id),
    }));
    const grant = await signGrant(key, { tenants, leaseToken, expiresAt });
    return [{ lease_token: leaseToken, grant }];
  }
}
