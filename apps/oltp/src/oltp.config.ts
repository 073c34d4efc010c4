import {
  base64,
  type ConfigOf,
  databaseVariables,
  defineConfig,
  type Environment,
  text,
  tierVariables,
} from '@penguinmails/config';

const KEY_BYTES = 32;

const variables = {
  ...tierVariables('OLTP'),
  secrets: {
    /** Seals mailbox passwords and DKIM keys. */
    encryptionKey: base64('OLTP_ENCRYPTION_KEY_SECRET', { bytes: KEY_BYTES }).secret(),
    /** Hashes addresses and recipient domains. */
    hashKey: base64('OLTP_HASH_KEY_SECRET', { bytes: KEY_BYTES }).secret(),
  },
};

export type OltpConfig = ConfigOf<typeof variables>;

/** @throws ConfigError naming every variable that is missing or does not parse */
export function readOltpConfig(env: Environment = process.env): OltpConfig {
  return defineConfig(variables, env);
}

/** What the migrate entry point needs. @throws ConfigError */
export function readMigrateConfig(env: Environment = process.env) {
  return defineConfig({ migratorUrl: text('OLTP_DB_MIGRATOR_URL').secret() }, env);
}

/** What the bootstrap entry point needs. @throws ConfigError */
export function readBootstrapConfig(env: Environment = process.env) {
  return defineConfig({ db: databaseVariables('OLTP') }, env);
}

/** What the issue-dkim-keys entry point needs. @throws ConfigError */
export function readIssueKeysConfig(env: Environment = process.env) {
  const { encryptionKey } = variables.secrets;
  return defineConfig({ db: databaseVariables('OLTP'), encryptionKey }, env);
}
