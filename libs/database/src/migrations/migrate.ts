import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { sqlState } from '../pg-errors.js';
import { type Tier, tierRoles } from '../tier.js';
import {
  type AppliedMigration,
  CREATE_SCHEMA_MIGRATIONS,
  pendingMigrations,
} from './applied-migrations.js';
import { type Migration, readMigrations } from './migration-files.js';

export interface MigrateOptions {
  readonly tier: Tier;
  /** URL of the migrator (or of a superuser). Never through a pooler. */
  readonly url: string;
  /** Folders besides this library's own; all files together run in the order of their names. */
  readonly directories: readonly string[];
  /** How long a statement waits for a lock before its file is tried again; default 5,000 ms. */
  readonly lockTimeoutMs?: number;
}

export interface MigrationReport {
  /** Names applied by this run, in order. */
  readonly applied: readonly string[];
  /** How many stood applied before. */
  readonly present: number;
}

const LOCK_WAIT_MS = 60_000;
const ATTEMPTS = 10;

/** One run at a time per database; the lock goes with the session. */
async function lock(client: pg.Client): Promise<void> {
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>(
      "SELECT pg_try_advisory_lock(hashtextextended('penguinmails.migrate', 0)) AS locked",
    );
    if (rows[0]?.locked) return;
    if (Date.now() > deadline) throw new Error('another migration holds the lock since 60 s');
    await delay(200);
  }
}

async function inOwnerTransaction(
  client: pg.Client,
  { tier, lockTimeoutMs = 5_000 }: MigrateOptions,
  work: () => Promise<unknown>,
): Promise<void> {
  await client.query(
    `BEGIN; SET LOCAL lock_timeout = ${lockTimeoutMs}; SET LOCAL ROLE ${tierRoles(tier).owner}`,
  );
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

async function apply(
  client: pg.Client,
  options: MigrateOptions,
  { name, checksum, sql }: Migration,
): Promise<void> {
  await inOwnerTransaction(client, options, async () => {
    await client.query(sql);
    await client.query(`SET LOCAL ROLE ${tierRoles(options.tier).owner}`);
    await client.query('INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)', [
      name,
      checksum,
    ]);
  });
}

/** DDL waits shortly for its locks, lest all traffic queues behind it, and tries again. */
async function applyWithRetry(
  client: pg.Client,
  options: MigrateOptions,
  migration: Migration,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await apply(client, options, migration);
    } catch (error) {
      const mayRetry = ['55P03', '40P01'].includes(sqlState(error) ?? '');
      if (!mayRetry || attempt === ATTEMPTS) throw new MigrationFailed(migration.name, error);
      await delay(500 * attempt);
    }
  }
}

/** A statement of the named file failed; the file had no effect. */
export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed';

  constructor(migration: string, cause: unknown) {
    super(`${migration}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

async function readApplied(
  client: pg.Client,
  options: MigrateOptions,
): Promise<AppliedMigration[]> {
  const applied: AppliedMigration[] = [];
  await inOwnerTransaction(client, options, async () => {
    await client.query(CREATE_SCHEMA_MIGRATIONS);
    const { rows } = await client.query<AppliedMigration>(
      'SELECT name, checksum FROM schema_migrations ORDER BY name',
    );
    applied.push(...rows);
  });
  return applied;
}

async function migrateLocked(client: pg.Client, options: MigrateOptions): Promise<MigrationReport> {
  const files = await readMigrations(options.tier, options.directories);
  const applied = await readApplied(client, options);
  const pending = pendingMigrations(files, applied);
  for (const migration of pending) await applyWithRetry(client, options, migration);
  await inOwnerTransaction(client, options, () => client.query('SELECT ensure_partitions(8)'));
  return { applied: pending.map(({ name }) => name), present: applied.length };
}

/**
 * Applies what is missing, each file in one transaction as the owner role, then makes the time
 * partitions. An applied file whose content changed, or that is gone, is a MigrationConflict.
 */
export async function migrate(options: MigrateOptions): Promise<MigrationReport> {
  const client = new pg.Client({
    connectionString: options.url,
    connectionTimeoutMillis: 10_000,
    application_name: `${options.tier}-migrate`,
  });
  let broken: Error | undefined;
  client.on('error', (error) => (broken = error));
  await client.connect();
  try {
    await lock(client);
    return await migrateLocked(client, options);
  } catch (error) {
    throw broken ?? error;
  } finally {
    await client.end();
  }
}
