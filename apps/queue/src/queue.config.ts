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

/** URL of the migrator's login, which only the migrate entry point has. */
export function readMigratorUrl(env: Environment = process.env): Secret {
  return defineConfig({ url: text('QUEUE_DB_MIGRATOR_URL').secret() }, env).url;
}
