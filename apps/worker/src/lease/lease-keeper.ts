import type { Logger } from '@penguinmails/observability';
import type { HeldLease, QueueClient } from '../clients/queue.client.js';
import type { HeldJobs, HeldKey } from './held-jobs.js';
import { isRefusal } from './refusal.js';

/** Leases in one heartbeat: on a busy machine one call for each would last longer than they do. */
const BATCH = 100;

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

  /** Renews once; what the queue calls lost is let go, what is to be cancelled is told to stop. */
  async beat(): Promise<void> {
    if (this.beating || this.held.size === 0) return;
    this.beating = true;
    const leases = this.held.byLease();
    while (leases.length > 0) await this.renew(leases.splice(0, BATCH));
    this.beating = false;
  }

  /** Never rejects: a lease that cannot be renewed must not cost the others theirs. */
  private async renew(leases: readonly HeldLease[]): Promise<void> {
    try {
      const { lost, cancelled, grants } = await this.queue.heartbeat(leases);
      this.held.renewGrants(grants);
      this.held.abort(keysOf(leases, new Set(cancelled)));
      this.letGo(keysOf(leases, new Set(lost)));
    } catch (error) {
      this.logger.warn({ err: error, leases: leases.length }, 'heartbeat failed');
      if (leases.length > 1 && isRefusal(error))
        for (const lease of leases) await this.renew([lease]);
    }
  }

  private letGo(lost: readonly HeldKey[]): void {
    if (lost.length === 0) return;
    this.logger.warn({ lost: lost.length }, 'leases lost');
    this.held.abort(lost);
    this.held.release(lost);
  }
}

/** Which of the leases are about these jobs. */
function keysOf(leases: readonly HeldLease[], ids: ReadonlySet<string>): HeldKey[] {
  if (ids.size === 0) return [];
  return leases.flatMap(({ lease_token: leaseToken, jobs }) =>
    jobs.filter(({ id }) => ids.has(id)).map(({ id }) => ({ id, leaseToken })),
  );
}
