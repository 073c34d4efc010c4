import {
  type ConfigOf,
  defineConfig,
  type Environment,
  int,
  type Secret,
  text,
  tierVariables,
} from '@penguinmails/config';

const DAY_SECONDS = 86_400;
const MIB = 1024 * 1024;
const MIN_TIMER_MS = 100;
const MAX_TIMER_MS = 86_400_000;

const seconds = (name: string) => int(name, { min: 1, max: 365 * DAY_SECONDS });
const timer = (name: string) => int(name, { min: MIN_TIMER_MS, max: MAX_TIMER_MS });

const variables = {
  ...tierVariables('CONTENT'),
  /** Nobody waits for what this service makes of events: it takes them in by the slice. */
  gatherMs: int('CONTENT_GATHER_MS', { min: 0, max: 5000 }).default(1000),
  reaper: {
    everyMs: timer('CONTENT_REAP_INTERVAL_MS').default(60_000),
    graces: {
      pending: seconds('CONTENT_PENDING_GRACE_SECONDS').default(DAY_SECONDS),
      denied: seconds('CONTENT_DENIED_GRACE_SECONDS').default(DAY_SECONDS),
      askAgain: seconds('CONTENT_ASK_AGAIN_SECONDS').default(3600),
    },
  },
  uploads: {
    bytesAtOnce: int('CONTENT_UPLOAD_BYTES_AT_ONCE', { min: MIB, max: 64 * 1024 * MIB }).default(
      128 * MIB,
    ),
    // Below the 2.5 s without progress after which an edge gives an upload up.
    waitMs: int('CONTENT_UPLOAD_WAIT_MS', { min: 1, max: 60_000 }).default(2000),
  },
  usage: { foldEveryMs: timer('CONTENT_USAGE_FOLD_INTERVAL_MS').default(60_000) },
};

export type ContentConfig = ConfigOf<typeof variables>;

/** @throws ConfigError naming every variable that is missing or does not parse */
export function readContentConfig(env: Environment = process.env): ContentConfig {
  return defineConfig(variables, env);
}

/** The migrator's login, which only the migrate entry point has. */
export function readMigrateConfig(env: Environment = process.env): { migratorUrl: Secret } {
  return defineConfig({ migratorUrl: text('CONTENT_DB_MIGRATOR_URL').secret() }, env);
}
