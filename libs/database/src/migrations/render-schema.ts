import { existsSync } from 'node:fs';
import type { Tier } from '../tier.js';
import { CREATE_SCHEMA_MIGRATIONS } from './applied-migrations.js';
import { type Migration, readMigrations } from './migration-files.js';

export interface RenderOptions {
  readonly tier: Tier;
  /** Folders besides this library's own; missing ones are skipped. */
  readonly directories: readonly string[];
  /** Text of infra/postgres/roles.sql. */
  readonly roles: string;
}

const header = (tier: Tier) => `-- Generated from the migrations by tools/schema. Do not edit.
-- For an empty database of PostgreSQL 15 or later, run by a superuser:
--   psql "$${tier.toUpperCase()}_DB_URL" -v ON_ERROR_STOP=1 -f schemas/${tier}/schema.sql
-- Roles are made when missing, without passwords. Later changes: node apps/${tier}/dist/migrate.js
BEGIN;
SET LOCAL penguinmails.tier = '${tier}';
`;

function renderMigration(tier: Tier, { name, checksum, sql }: Migration): string {
  return [
    `-- ${name}`,
    `SET LOCAL ROLE ${tier}_owner;`,
    sql.trimEnd(),
    `SET LOCAL ROLE ${tier}_owner;`,
    `INSERT INTO schema_migrations (name, checksum) VALUES ('${name}', '${checksum}');`,
    '',
  ].join('\n');
}

/**
 * The whole schema as one SQL script (one transaction, no psql commands) for an empty database, run
 * by a superuser. Fills schema_migrations, so that `migrate` goes on from there.
 */
export async function renderSchema({ tier, directories, roles }: RenderOptions): Promise<string> {
  const migrations = await readMigrations(
    tier,
    directories.filter((directory) => existsSync(directory)),
  );
  return [
    header(tier),
    roles,
    `SET LOCAL ROLE ${tier}_owner;\n${CREATE_SCHEMA_MIGRATIONS}\n`,
    ...migrations.map((migration) => renderMigration(tier, migration)),
    'SELECT ensure_partitions(8);\nCOMMIT;\n',
  ].join('\n');
}
