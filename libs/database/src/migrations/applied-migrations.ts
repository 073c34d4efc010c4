import type { Migration } from './migration-files.js';

/** Row of schema_migrations. */
export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
}

/** The database and the files disagree about the past. */
export class MigrationConflict extends Error {
  override readonly name = 'MigrationConflict';
}

export const CREATE_SCHEMA_MIGRATIONS = `CREATE TABLE IF NOT EXISTS schema_migrations (
  name text PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);`;

function refuseChanged(migration: Migration, applied: AppliedMigration): void {
  if (migration.checksum !== applied.checksum) {
    throw new MigrationConflict(`${migration.name} was changed after it had been applied`);
  }
}

/**
 * What is still to be applied. A database that is ahead (an older version is being deployed again)
 * is fine; an applied file that vanished from among the known ones is not.
 */
export function pendingMigrations(
  files: readonly Migration[],
  applied: readonly AppliedMigration[],
): Migration[] {
  const known = new Map(files.map((file) => [file.name, file]));
  const last = files.at(-1)?.name ?? '';
  for (const row of applied) {
    const file = known.get(row.name);
    if (file) refuseChanged(file, row);
    else if (row.name < last) throw new MigrationConflict(`${row.name} was applied, but is gone`);
  }
  const done = new Set(applied.map(({ name }) => name));
  return files.filter(({ name }) => !done.has(name));
}
