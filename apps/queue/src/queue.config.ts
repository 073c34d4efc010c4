import {
  type ConfigOf,
  defineConfig,
  type Environment,
  privateKeyVariable,
  type Secret,
  text,
  tierVariables,
} from '@penguinmails/config';

const variables = {
  ...tierVariables('QUEUE'),
  /** Signs the grants of leases. */
  grantKey: privateKeyVariable(),
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
