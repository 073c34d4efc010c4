import type { EntitySchema } from 'typeorm';
import type { Tier } from './tier.js';

/** Pool of one login. Times in milliseconds. */
export interface PoolSettings {
  readonly max: number;
  readonly idleTimeoutMillis: number;
  readonly connectionTimeoutMillis: number;
}

export interface LoginSettings extends PoolSettings {
  /** postgresql:// URL with the login's credentials; never logged. */
  readonly url: string;
}

/** What TypeORM maps: decorated classes or entity schemas. */
export type EntityDefinition = (new () => object) | EntitySchema;

export interface DatabaseSettings {
  readonly tier: Tier;
  readonly app: LoginSettings;
  /** Never through a pooler: locks and leadership need the session. */
  readonly system: LoginSettings;
  /** The app URL goes through a pooler in transaction mode: no named statements. */
  readonly pooled: boolean;
  readonly entities?: readonly EntityDefinition[];
  /** Told of what no caller waits for: a broken idle connection, a failing onCommit hook. */
  readonly onProblem?: (problem: Error) => void;
}

/** Shape of `tierVariables(tier).db` of @penguinmails/config. */
export interface ConfiguredUrls {
  readonly url: { reveal(): string };
  readonly systemUrl: { reveal(): string };
  readonly pooled: boolean;
}

export interface SeedPools {
  readonly app: PoolSettings;
  readonly system: PoolSettings;
}

function seedPool(max: number, idleTimeoutMillis: number): SeedPools {
  return {
    app: { max, idleTimeoutMillis, connectionTimeoutMillis: 2_000 },
    system: { max: 10, idleTimeoutMillis, connectionTimeoutMillis: 2_000 },
  };
}

/**
 * Pool sizes and time-outs of the seed ("Connection Pooling"). It names OLTP, Content and OLAP;
 * queue and notifications follow architecture.md section 6 with OLTP's idle time.
 */
export const seedPools: Readonly<Record<Tier, SeedPools>> = {
  oltp: seedPool(100, 30_000),
  content: seedPool(50, 60_000),
  olap: seedPool(20, 120_000),
  queue: seedPool(50, 30_000),
  notifications: seedPool(20, 30_000),
};

/** Settings of a tier with the seed's pools, from its parsed configuration. */
export function tierDatabaseSettings(
  tier: Tier,
  urls: ConfiguredUrls,
  more: Pick<DatabaseSettings, 'entities' | 'onProblem'> = {},
): DatabaseSettings {
  const pools = seedPools[tier];
  return {
    tier,
    app: { ...pools.app, url: urls.url.reveal() },
    system: { ...pools.system, url: urls.systemUrl.reveal() },
    pooled: urls.pooled,
    ...more,
  };
}
