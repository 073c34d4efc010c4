import { counter, metrics } from '@penguinmails/observability';
import type pg from 'pg';
import type { InternalClient } from '../protocol/pg-internals.js';
import type { PoolOwner } from './pool-owner.js';
import { Session } from './session.js';

export interface PoolStats {
  readonly max: number;
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
}

const NO_CONNECTION_IN_TIME = 'timeout exceeded when trying to connect';

/** One of the two logins of a tier: where its sessions come from. */
export class Login {
  constructor(
    /** As metrics call it: `oltp-app`. */
    readonly poolName: string,
    private readonly owner: PoolOwner,
    private readonly max: number,
    private readonly pooled: boolean,
    readonly onProblem: (problem: Error) => void,
  ) {}

  /** Takes a connection; rejects when none is free or reachable within the pool's time-out. */
  async acquire(): Promise<Session> {
    const pool = await this.owner.pool();
    return new Session(await this.connect(pool), this.pooled);
  }

  private async connect(pool: pg.Pool): Promise<InternalClient> {
    try {
      return (await pool.connect()) as unknown as InternalClient;
    } catch (error) {
      if (error instanceof Error && error.message === NO_CONNECTION_IN_TIME) {
        counter(metrics.poolTimeouts).add(1, {
          'db.client.connection.pool.name': this.poolName,
        });
      }
      throw error;
    }
  }

  stats(): PoolStats {
    const pool = this.owner.opened;
    return {
      max: this.max,
      total: pool?.totalCount ?? 0,
      idle: pool?.idleCount ?? 0,
      waiting: pool?.waitingCount ?? 0,
    };
  }

  async close(): Promise<void> {
    await this.owner.close();
  }
}
