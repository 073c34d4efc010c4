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

/** Run-time parameters (`name=value`) with which the sessions of a login start. */
export interface SessionParameters {
  /** Not through a pooler, which takes none. */
  readonly app?: readonly string[];
  readonly system?: readonly string[];
}

type MoreSettings = Pick<DatabaseSettings, 'entities' | 'onProblem'>;

/** Settings of a tier with the seed's pools, from its parsed configuration. */
export function tierDatabaseSettings(
  tier: Tier,
  urls: ConfiguredUrls,
  { sessions = {}, ...more }: MoreSettings & { readonly sessions?: SessionParameters } = {},
): DatabaseSettings {
  const pools = seedPools[tier];
  const app = urls.pooled ? [] : sessions.app;
  return {
    tier,
    app: { ...pools.app, url: withParameters(urls.url.reveal(), app) },
    system: { ...pools.system, url: withParameters(urls.systemUrl.reveal(), sessions.system) },
    pooled: urls.pooled,
    ...more,
  };
}

/** The URL with these parameters after those that its `options` have already. */
function withParameters(text: string, parameters: readonly string[] = []): string {
  if (parameters.length === 0) return text;
  const url = new URL(text);
  const given = url.searchParams.get('options') ?? '';
  const ours = parameters.map((each) => `-c ${each}`).join(' ');
  url.searchParams.set('options', `${given} ${ours}`.trim());
  return url.href;
}
