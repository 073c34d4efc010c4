import {
  type ConfigOf,
  defineConfig,
  type Environment,
  int,
  type Secret,
  text,
  tierVariables,
} from '@penguinmails/config';

const variables = {
  ...tierVariables('NOTIFICATIONS'),
  /** Nobody waits for what this service makes of events: it takes them in by the slice. */
  gatherMs: int('NOTIFICATIONS_GATHER_MS', { min: 0, max: 5000 }).default(1000),
};

export type NotificationsConfig = ConfigOf<typeof variables>;

/** @throws ConfigError naming every variable that is missing or does not parse */
export function readNotificationsConfig(env: Environment = process.env): NotificationsConfig {
  return defineConfig(variables, env);
}

/** What the migrate entry point needs: the migrator's login, which the service never has. */
export function readMigrateConfig(env: Environment = process.env): { migratorUrl: Secret } {
  return defineConfig({ migratorUrl: text('NOTIFICATIONS_DB_MIGRATOR_URL').secret() }, env);
}
