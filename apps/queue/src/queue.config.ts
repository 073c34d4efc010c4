import {
  type ConfigOf,
  defineConfig,
  type Environment,
  int,
  privateKeyVariable,
  type Secret,
  text,
  tierVariables,
} from '@penguinmails/config';

const variables = {
  ...tierVariables('QUEUE'),
  /** Signs the grants of leases. */
  grantKey: privateKeyVariable(),
  /** How long records gather between two fetches while at least `gatherFrom` of them come in that time. */
  gatherMs: int('QUEUE_GATHER_MS', { min: 0, max: 5000 }).default(100),
  gatherFrom: int('QUEUE_GATHER_FROM', { min: 0 }).default(20),
};

export type QueueConfig = ConfigOf<typeof variables>;

/** @throws ConfigError naming every variable that is missing or does not parse */
export function readQueueConfig(env: Environment = process.env): QueueConfig {
  return defineConfig(variables, env);
}

/** What only the migrate entry point has: the URL of the migrator's login. */
export function readMigrateConfig(env: Environment = process.env): {
  readonly migratorUrl: Secret;
} {
  return defineConfig({ migratorUrl: text('QUEUE_DB_MIGRATOR_URL').secret() }, env);
}
