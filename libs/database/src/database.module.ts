import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import {
  createLogger,
  metrics,
  observeGauges,
  registerReadiness,
} from '@penguinmails/observability';
import { Database, openDatabase } from './database.js';
import { PartitionTimer } from './partition-timer.js';
import type { DatabaseSettings } from './settings.js';
import { SystemDatabase } from './system-database.js';
import { TenantDatabase } from './tenant-database.js';

const POOL_GAUGES = [
  metrics.poolConnections,
  metrics.poolMax,
  metrics.poolWaiting,
  metrics.tenantsWaiting,
] as const;

/** Readings of both pools, taken when metrics are collected. */
async function readPools(tier: string, database: Database) {
  const pools = Object.entries(database.poolStats()).flatMap(([login, stats]) => {
    const pool = { 'db.client.connection.pool.name': `${tier}-${login}` };
    const state = (name: string) => ({ ...pool, 'db.client.connection.state': name });
    return [
      { metric: metrics.poolConnections, value: stats.idle, attributes: state('idle') },
      {
        metric: metrics.poolConnections,
        value: stats.total - stats.idle,
        attributes: state('used'),
      },
      { metric: metrics.poolMax, value: stats.max, attributes: pool },
      { metric: metrics.poolWaiting, value: stats.waiting, attributes: pool },
    ];
  });
  const app = { 'db.client.connection.pool.name': `${tier}-app` };
  const tenants = database.tenantsWaiting();
  return [...pools, { metric: metrics.tenantsWaiting, value: tenants, attributes: app }];
}

const SETTINGS = Symbol('DatabaseSettings');

/** The lifetime of the database in a service: refuses an unsafe login, then keeps house. */
class DatabaseLifetime implements OnModuleInit, OnApplicationShutdown {
  private readonly stops: (() => void)[] = [];

  constructor(
    @Inject(SETTINGS) private readonly settings: DatabaseSettings,
    @Inject(Database) private readonly database: Database,
    @Inject(PartitionTimer) private readonly partitions: PartitionTimer,
  ) {}

  /** Rejects, and with it the boot, when the database is away or a login unsafe. */
  async onModuleInit(): Promise<void> {
    await this.database.assertLogins();
    this.partitions.start();
    this.stops.push(
      registerReadiness('database', async () => void (await this.database.ping())),
      observeGauges(POOL_GAUGES, () => readPools(this.settings.tier, this.database)),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    for (const stop of this.stops.splice(0)) stop();
    await this.partitions.stop();
    await this.database.close();
  }
}

function withLogger(settings: DatabaseSettings): DatabaseSettings {
  const logger = createLogger(settings.tier);
  return {
    onProblem: (err) => logger.error({ err }, 'database problem nobody waits for'),
    ...settings,
  };
}

/**
 * Global; provides Database, TenantDatabase and SystemDatabase. At boot it refuses unsafe logins and
 * makes partitions; /readyz asks the app login; connections are closed at shutdown, last.
 */
@Module({})
export class DatabaseModule {
  static forTier(settings: DatabaseSettings): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      providers: [
        { provide: SETTINGS, useFactory: () => withLogger(settings) },
        { provide: Database, useFactory: openDatabase, inject: [SETTINGS] },
        { provide: TenantDatabase, useFactory: (db: Database) => db.tenants, inject: [Database] },
        { provide: SystemDatabase, useFactory: (db: Database) => db.system, inject: [Database] },
        {
          provide: PartitionTimer,
          useFactory: (db: Database, { onProblem }: DatabaseSettings) =>
            new PartitionTimer(db.system, onProblem ?? (() => undefined)),
          inject: [Database, SETTINGS],
        },
        DatabaseLifetime,
      ],
      exports: [Database, TenantDatabase, SystemDatabase],
    };
  }
}
