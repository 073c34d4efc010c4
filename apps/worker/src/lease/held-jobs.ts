import type { HeldLease, LeasedJob, TenantGrant } from '../clients/queue.client.js';

/** One lease of one job. */
export interface HeldKey {
  readonly id: string;
  readonly leaseToken: string;
}

/** A leased job with the token that fences its outcome. */
export interface HeldJob extends LeasedJob, HeldKey {
  /** Aborts when the job is to be cancelled, or is no longer ours. */
  readonly signal: AbortSignal;
}

interface Held {
  readonly job: HeldJob;
  readonly stop: AbortController;
}

/**
 * Everything this process holds under a lease, and the newest grant per lease and tenant.
 * A job is held from its lease until its outcome is settled at the queue, so that the heartbeat
 * goes on while a report waits for a queue that is away.
 */
export class HeldJobs {
  private readonly jobs = new Map<string, Held>();
  private readonly grants = new Map<string, string>();

  get size(): number {
    return this.jobs.size;
  }

  add(leaseToken: string, jobs: readonly LeasedJob[], grants: readonly TenantGrant[]): HeldJob[] {
    const held = jobs.map((job) => heldOf(job, leaseToken));
    for (const one of held) this.jobs.set(one.job.id, one);
    this.renewGrants(leaseToken, grants);
    return held.map(({ job }) => job);
  }

  renewGrants(leaseToken: string, grants: readonly TenantGrant[]): void {
    for (const { tenant_id, grant } of grants) this.grants.set(`${leaseToken} ${tenant_id}`, grant);
  }

  /** True while the job is still ours: not settled and not lost. */
  holds(key: HeldKey): boolean {
    return this.find(key) !== undefined;
  }

  /** Tells the handlers of these jobs to stop. */
  abort(keys: Iterable<HeldKey>): void {
    for (const key of keys) this.find(key)?.stop.abort();
  }

  /** The trace of the request that caused the job, while it is held. */
  traceOf(id: string): string | undefined {
    return this.jobs.get(id)?.job.traceparent ?? undefined;
  }

  /** The grants that cover these jobs, each once. */
  grantsFor(jobs: readonly Pick<HeldJob, 'tenant_id' | 'leaseToken'>[]): string[] {
    const keys = new Set(jobs.map((job) => `${job.leaseToken} ${job.tenant_id}`));
    return [...keys].flatMap((key) => this.grants.get(key) ?? []);
  }

  /**
   * Lets go of jobs: their outcome is settled, or the queue says that they are lost. A job that was
   * lost and leased again is kept: its second lease is still to be worked off.
   */
  release(keys: Iterable<HeldKey>): void {
    for (const key of keys) if (this.holds(key)) this.jobs.delete(key.id);
    const live = new Set(this.all().map((job) => `${job.leaseToken} ${job.tenant_id}`));
    for (const key of this.grants.keys()) if (!live.has(key)) this.grants.delete(key);
  }

  /** What a heartbeat renews, by lease. */
  byLease(): HeldLease[] {
    const groups = Map.groupBy(this.all(), (job) => job.leaseToken);
    return [...groups].map(([lease_token, jobs]) => ({
      lease_token,
      jobs: jobs.map(({ tenant_id, id }) => ({ tenant_id, id })),
    }));
  }

  private all(): HeldJob[] {
    return [...this.jobs.values()].map(({ job }) => job);
  }

  private find({ id, leaseToken }: HeldKey): Held | undefined {
    const held = this.jobs.get(id);
    return held?.job.leaseToken === leaseToken ? held : undefined;
  }
}

function heldOf(job: LeasedJob, leaseToken: string): Held {
  const stop = new AbortController();
  return { job: { ...job, leaseToken, signal: stop.signal }, stop };
}
