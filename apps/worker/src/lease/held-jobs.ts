import type { HeldLease, LeasedJob, LeaseGrant } from '../clients/queue.client.js';

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
 * Everything this process holds under a lease, and the newest grants of each lease.
 * A job is held from its lease until its outcome is settled at the queue, so that the heartbeat
 * goes on while a report waits for a queue that is away.
 */
export class HeldJobs {
  private readonly jobs = new Map<string, Held>();
  private readonly grants = new Map<string, readonly string[]>();

  get size(): number {
    return this.jobs.size;
  }

  add(leaseToken: string, jobs: readonly LeasedJob[], grants: readonly LeaseGrant[]): HeldJob[] {
    const held = jobs.map((job) => heldOf(job, leaseToken));
    for (const one of held) this.jobs.set(one.job.id, one);
    this.renewGrants(grants);
    return held.map(({ job }) => job);
  }

  /** All that the queue signed for a lease takes the place of what the lease had before. */
  renewGrants(grants: readonly LeaseGrant[]): void {
    for (const [token, own] of Map.groupBy(grants, ({ lease_token }) => lease_token))
      this.grants.set(
        token,
        own.map(({ grant }) => grant),
      );
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

  /** The grants of these jobs' leases, each once. */
  grantsFor(jobs: readonly Pick<HeldJob, 'leaseToken'>[]): string[] {
    const tokens = new Set(jobs.map(({ leaseToken }) => leaseToken));
    return [...tokens].flatMap((token) => this.grants.get(token) ?? []);
  }

  /**
   * Lets go of jobs: their outcome is settled, or the queue says that they are lost. A job that was
   * lost and leased again is kept: its second lease is still to be worked off.
   */
  release(keys: Iterable<HeldKey>): void {
    for (const key of keys) if (this.holds(key)) this.jobs.delete(key.id);
    const live = new Set(this.all().map(({ leaseToken }) => leaseToken));
    for (const token of this.grants.keys()) if (!live.has(token)) this.grants.delete(token);
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
