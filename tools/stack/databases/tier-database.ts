import { PostgresCluster } from '../postgres/cluster.ts';
import type { Tier } from '../ports.ts';
import type { DatabasePasswords } from '../secrets.ts';
import type { ExternalDatabase } from '../stack.config.ts';

/** Seed pool of the tier's service, for `max_connections`. */
const POOLS: Record<Tier, number> = {
  oltp: 100,
  content: 50,
  olap: 20,
  queue: 50,
  notifications: 20,
};
/** Seconds from one look of autovacuum to the next: no two of the five, started together, vacuum in step. */
const VACUUM_EVERY: Record<Tier, number> = {
  oltp: 61,
  content: 53,
  olap: 67,
  queue: 59,
  notifications: 71,
};
/** Between two spells of vacuuming (default 2): all five share the machine with those who use them. */
const VACUUM_REST_MS = 10;
/** A checkpoint every so many looks, about five minutes as PostgreSQL has it. */
const LOOKS_TO_A_CHECKPOINT = 5;
const REPLICAS = 3;
const SYSTEM_POOL = 10;
const SPARE = 20;

/** The logins of one tier's database, each as a URL. */
export interface DatabaseUrls {
  app: string;
  system: string;
  migrator: string;
  /** Superuser, or who else may create roles; the migrator where nobody of that kind is known. */
  admin: string;
}

/** One tier's database, started here or elsewhere. */
export interface TierDatabase {
  tier: Tier;
  /** Undefined when `<TIER>_DB_URL` names one that runs elsewhere. */
  cluster: PostgresCluster | undefined;
  urls: DatabaseUrls;
  /** True when roles and passwords are this tool's to make. */
  provision: boolean;
}

/** The name that the seed gives it. */
const databaseName = (tier: Tier): string => `penguinmails_${tier}`;

/** A cluster of its own under the data directory. */
export function embeddedDatabase(
  tier: Tier,
  port: number,
  dataDirectory: string,
  passwords: DatabasePasswords,
): TierDatabase {
  const cluster = new PostgresCluster({
    name: `${tier}-db`,
    port,
    dataDirectory: `${dataDirectory}/postgres-${tier}`,
    password: passwords.admin,
    maxConnections: SPARE + REPLICAS * (POOLS[tier] + SYSTEM_POOL),
    durable: true,
    more: {
      autovacuum_naptime: VACUUM_EVERY[tier],
      autovacuum_vacuum_cost_delay: VACUUM_REST_MS,
      checkpoint_timeout: VACUUM_EVERY[tier] * LOOKS_TO_A_CHECKPOINT,
    },
  });
  const admin = cluster.adminUrl(databaseName(tier));
  return { tier, cluster, urls: urlsFrom(admin, tier, passwords), provision: true };
}

/**
 * A database that runs already. With `_SYSTEM_URL` and `_MIGRATOR_URL` beside it the logins are
 * given; a URL alone belongs to an administrator, who makes them.
 */
export function externalDatabase(
  tier: Tier,
  { url, systemUrl, migratorUrl }: ExternalDatabase,
  passwords: DatabasePasswords,
): TierDatabase {
  if (systemUrl === undefined || migratorUrl === undefined) {
    return { tier, cluster: undefined, urls: urlsFrom(url, tier, passwords), provision: true };
  }
  const urls = { app: url, system: systemUrl, migrator: migratorUrl, admin: migratorUrl };
  return { tier, cluster: undefined, urls, provision: false };
}

function urlsFrom(admin: string, tier: Tier, passwords: DatabasePasswords): DatabaseUrls {
  const as = (role: 'app' | 'system' | 'migrator'): string => {
    const url = new URL(admin);
    url.username = `${tier}_${role}`;
    url.password = passwords[role];
    return url.href;
  };
  return { admin, app: as('app'), system: as('system'), migrator: as('migrator') };
}
