import pg from 'pg';
import { DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import type { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';
import type { DatabaseSettings } from '../settings.js';
import { poolConfig } from './pool-config.js';
import { hearAll, type PoolOwner } from './pool-owner.js';

/** What TypeORM needs of a connection: it reads rows, rowCount and command as own properties. */
export interface EntityConnection {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: object[]; rowCount: number; command: string }>;
}

/** TypeORM's data source. It owns the app login's pool; the tenant transactions borrow from it. */
export class EntitySource implements PoolOwner {
  private opening?: Promise<DataSource>;
  opened: pg.Pool | undefined;

  constructor(
    private readonly settings: DatabaseSettings,
    private readonly applicationName: string,
    private readonly onProblem: (error: Error) => void,
  ) {}

  async pool(): Promise<pg.Pool> {
    return poolOf(await this.open());
  }

  /** Opens on first use; afterwards costs nothing. */
  open(): Promise<DataSource> {
    this.opening ??= this.initialize().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  private async initialize(): Promise<DataSource> {
    const source = new DataSource({
      type: 'postgres',
      driver: pg,
      url: this.settings.app.url,
      entities: [...(this.settings.entities ?? [])],
      synchronize: false,
      installExtensions: false,
      uuidExtension: 'pgcrypto',
      logging: false,
      poolErrorHandler: this.onProblem,
      extra: poolConfig(this.settings.app, this.applicationName),
    });
    await source.initialize();
    this.opened = poolOf(source);
    hearAll(this.opened, this.onProblem);
    return source;
  }

  async close(): Promise<void> {
    const opening = this.opening;
    if (opening) await (await opening).destroy();
  }
}

function poolOf(source: DataSource): pg.Pool {
  return (source.driver as PostgresDriver).master as pg.Pool;
}

type RunnerParts = Pick<PostgresQueryRunner, 'manager' | 'isReleased'> & {
  databaseConnection: EntityConnection;
  isTransactionActive: boolean;
  transactionDepth: number;
  query: PostgresQueryRunner['query'];
};

/**
 * An EntityManager whose query runner is bound to an open transaction: it starts none of its own,
 * and a nested `transaction()` becomes a savepoint.
 */
export function bindEntityManager(source: DataSource, connection: EntityConnection): EntityManager {
  const runner = source.createQueryRunner('master') as unknown as RunnerParts;
  runner.databaseConnection = connection;
  runner.isTransactionActive = true;
  runner.transactionDepth = 1;
  runner.query = withoutParameters(runner.query.bind(runner));
  return runner.manager;
}

/** TypeORM's error carries the values of the statement, which must not reach a log. */
function withoutParameters(query: RunnerParts['query']): RunnerParts['query'] {
  const cleaned = async (...args: Parameters<RunnerParts['query']>) => {
    try {
      return await query(...args);
    } catch (error) {
      if (error instanceof QueryFailedError) Object.assign(error, { parameters: undefined });
      throw error;
    }
  };
  return cleaned as RunnerParts['query'];
}
