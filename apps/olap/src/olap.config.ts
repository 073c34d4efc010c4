import {
  type ConfigOf,
  defineConfig,
  type Environment,
  type Secret,
  text,
  tierVariables,
} from '@penguinmails/config';

const variables = tierVariables('OLAP');

export type OlapConfig = ConfigOf<typeof variables>;

/** @throws ConfigError naming every variable that is missing or does not parse */
export function readOlapConfig(env: Environment = process.env): OlapConfig {
  return defineConfig(variables, env);
}

/** What the migrate entry point needs: the migrator's login, which the service never has. */
export function readMigrateConfig(env: Environment = process.env): { migratorUrl: Secret } {
  return defineConfig({ migratorUrl: text('OLAP_DB_MIGRATOR_URL').secret() }, env);
}
