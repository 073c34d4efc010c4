import { counter, histogram, metrics } from '@penguinmails/observability';
import type pg from 'pg';
import { NoConnectionInTime, slotOf } from '../fair-use/fair-queue.js';
import { FairScheduler, fairUseOf } from '../fair-use/fair-scheduler.js';
import { isTenantBusy } from '../fair-use/tenant-busy.js';
import type { InternalClient } from '../protocol/pg-internals.js';
import type { PoolSettings } from '../settings.js';
import type { PoolOwner } from './pool-owner.js';
import { Session } from './session.js';

export interface PoolStats {
  readonly max: number;
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
}

/** Where a transaction gets its session: a login, for a tenant or for nobody. */
export interface SessionSource {
  /** As metrics call it: `oltp-app`. */
  readonly poolName: string;
  onProblem(problem: Error): void;
  /**
   * Takes a connection. Rejects with TenantBusy when the tenant has too much running or waiting,
   * and when none is free or reachable within the pool's time-out.
   */
  acquire(): Promise<Session>;
}

/** One of the two logins of a tier: where its sessions come from, shared fairly among tenants. */
export class Login implements SessionSource {
  private readonly scheduler: FairScheduler;

  constructor(
    readonly poolName: string,
    private readonly owner: PoolOwner,
    private readonly settings: PoolSettings,
    private readonly pooled: boolean,
    readonly onProblem: (problem: Error) => void,
  ) {
    this.scheduler = new FairScheduler(fairUseOf(settings.max));
  }

  /** The same login, its sessions on the account of the tenant. */
  of(tenantId: string): SessionSource {
    const { poolName, onProblem } = this;
    return { poolName, onProblem, acquire: () => this.acquire(tenantId.toLowerCase()) };
  }

  async acquire(tenant?: string): Promise<Session> {
    const pool = await this.owner.pool();
    const began = performance.now();
    try {
      return await this.take(pool, tenant, began + this.settings.connectionTimeoutMillis);
    } catch (error) {
      this.count(error);
      throw error;
    } finally {
      histogram(metrics.poolWaitTime).record((performance.now() - began) / 1_000, this.labels);
    }
  }

  /** The time-out is for slot and connection together. */
  private async take(pool: pg.Pool, tenant: string | undefined, until: number): Promise<Session> {
    const slot = await slotOf(this.scheduler, tenant, until - performance.now());
    try {
      const client = await connectWithin(pool, until - performance.now());
      return new Session(client, this.pooled, () => slot.leave());
    } catch (error) {
      slot.leave();
      throw error;
    }
  }

  private count(error: unknown): void {
    if (isTenantBusy(error)) {
      counter(metrics.tenantRefusals).add(1, { ...this.labels, reason: error.reason });
    } else if (error instanceof Error && error.message === new NoConnectionInTime().message) {
      counter(metrics.poolTimeouts).add(1, this.labels);
    }
  }

  private get labels() {
    return { 'db.client.connection.pool.name': this.poolName };
  }

  stats(): PoolStats {
    const pool = this.owner.opened;
    return {
      max: this.settings.max,
      total: pool?.totalCount ?? 0,
      idle: pool?.idleCount ?? 0,
      waiting: this.scheduler.waiting().work + (pool?.waitingCount ?? 0),
    };
  }

  /** Tenants with waiting work; work without a tenant counts as one. */
  tenantsWaiting(): number {
    return this.scheduler.waiting().lanes;
  }

  async close(): Promise<void> {
    await this.owner.close();
  }
}

/** A connection that comes too late goes straight back to its pool. */
async function connectWithin(pool: pg.Pool, timeoutMs: number): Promise<InternalClient> {
  const connecting = pool.connect();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = () => {
      connecting.then(
        (client) => client.release(),
        () => undefined,
      );
      reject(new NoConnectionInTime());
    };
    timer = setTimeout(giveUp, timeoutMs);
  });
  const client = await Promise.race([connecting, late]).finally(() => clearTimeout(timer));
  return client as unknown as InternalClient;
}
