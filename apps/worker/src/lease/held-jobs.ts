import type { HeldLease, LeasedJob, TenantGrant } from '../clients/queue.client.js';

/** A leased job with the token that fences its outcome. */
export interface HeldJob extends LeasedJob {
  readonly leaseToken: string;
}

/**
 * Everything this process holds under a lease, and the newest grant per lease and tenant.
 * A job is held from its lease until its outcome is settled at the queue, so that the heartbeat
 * goes on while a report waits for a queue that is away.
 */
export class HeldJobs {
  private readonly jobs = new Map<string, HeldJob>();
  private readonly grants = new Map<string, string>();

  get size(): number {
    return this.jobs.size;
  }

  add(leaseToken: string, jobs: readonly LeasedJob[], grants: readonly TenantGrant[]): HeldJob[] {
    const held = jobs.map((job) => ({ ...job, leaseToken }));
    for (const job of held) this.jobs.set(job.id, job);
    this.renewGrants(leaseToken, grants);
    return held;
  }

  renewGrants(leaseToken: string, grants: readonly TenantGrant[]): void {
    for (const { tenant_id, grant } of grants) this.grants.set(`${leaseToken} ${tenant_id}`, grant);
  }

  /** True while the job is still ours: not settled and not lost. */
  holds(job: HeldJob): boolean {
    return this.jobs.get(job.id)?.leaseToken === job.leaseToken;
  }

  /** The trace of the request that caused the job, while it is held. */
  traceOf(id: string): string | undefined {
    return this.jobs.get(id)?.traceparent ?? undefined;
  }

  /** The grants that cover these jobs, each once. */
  grantsFor(jobs: readonly HeldJob[]): string[] {
    const keys = new Set(jobs.map((job) => `${job.leaseToken} ${job.tenant_id}`));
    return [...keys].flatMap((key) => this.grants.get(key) ?? []);
  }

  /**
   * Lets go of jobs: their outcome is settled, or the queue says that they are lost. A job that was
   * lost and leased again is kept: its second lease is still to be worked off.
   */
  release(leases: Iterable<{ readonly id: string; readonly leaseToken: string }>): void {
    for (const { id, leaseToken } of leases)
      if (this.jobs.get(id)?.leaseToken === leaseToken) this.jobs.delete(id);
    const live = new Set(
      [...this.jobs.values()].map((job) => `${job.leaseToken} ${job.tenant_id}`),
    );
    for (const key of this.grants.keys()) if (!live.has(key)) this.grants.delete(key);
  }

  /** What a heartbeat renews, by lease. */
  byLease(): HeldLease[] {
    const groups = Map.groupBy(this.jobs.values(), (job) => job.leaseToken);
    return [...groups].map(([lease_token, jobs]) => ({
      lease_token,
      jobs: jobs.map(({ tenant_id, id }) => ({ tenant_id, id })),
    }));
  }
}
