import type { Logger } from '@penguinmails/observability';
import type { HeldLease, QueueClient } from '../clients/queue.client.js';
import type { HeldJobs } from './held-jobs.js';

/**
 * Renews what is held. One beat at a time: a beat that hangs on a dead queue must not pile up, and a
 * missed beat is harmless while the queue is down, because a lease expires by the queue's own uptime.
 */
export class LeaseKeeper {
  private timer: NodeJS.Timeout | undefined;
  private beating = false;

  constructor(
    private readonly queue: QueueClient,
    private readonly held: HeldJobs,
    private readonly logger: Logger,
  ) {}

  start(heartbeatMs: number): void {
    this.timer = setInterval(() => void this.beat(), heartbeatMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Renews once; what the queue calls lost is let go. */
  async beat(): Promise<void> {
    if (this.beating || this.held.size === 0) return;
    this.beating = true;
    for (const lease of this.held.byLease()) await this.renew(lease);
    this.beating = false;
  }

  /** Never rejects: a lease that cannot be renewed must not cost the others theirs. */
  private async renew(lease: HeldLease): Promise<void> {
    try {
      const { lost, grants } = await this.queue.heartbeat([lease]);
      this.held.renewGrants(lease.lease_token, grants);
      this.held.release(lost.map((id) => ({ id, leaseToken: lease.lease_token })));
      if (lost.length > 0) this.logger.warn({ lost: lost.length }, 'leases lost');
    } catch (error) {
      this.logger.warn({ err: error }, 'heartbeat failed');
    }
  }
}
