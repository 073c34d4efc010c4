import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Tier } from '../tier.js';
import { migrationDirectory } from './migration-directory.js';

/** One migration file, with its placeholders filled for a tier. */
export interface Migration {
  readonly name: string;
  /** SHA-256 of the file as it stands on disk, hex. */
  readonly checksum: string;
  readonly sql: string;
}

/** A file that breaks the rules of the folder; names the file. */
export class MigrationFileError extends Error {
  override readonly name = 'MigrationFileError';
}

const FILE_NAME = /^\d{13}-[a-z0-9]+(-[a-z0-9]+)+\.sql$/;

function check(name: string, sql: string): void {
  const faults: [RegExp, string][] = [
    [/^\\/m, 'has a psql command'],
    [/^\s*(BEGIN|COMMIT|ROLLBACK|END)\s*;/im, 'ends the transaction it runs in'],
    [/\{\{.*?\}\}/, 'has an unknown placeholder'],
  ];
  for (const [pattern, fault] of faults) {
    if (pattern.test(sql)) throw new MigrationFileError(`${name} ${fault}`);
  }
}

async function readMigration(tier: Tier, path: string): Promise<Migration> {
  const name = basename(path);
  if (!FILE_NAME.test(name)) {
    throw new MigrationFileError(`${name} is not named <ms>-<verb-object>.sql`);
  }
  const text = await readFile(path, 'utf8');
  const sql = text.replaceAll('{{tier}}', tier);
  check(name, sql);
  return { name, checksum: createHash('sha256').update(text).digest('hex'), sql };
}

function refuseDuplicates(migrations: readonly Migration[]): void {
  migrations.forEach(({ name }, index) => {
    if (name === migrations[index + 1]?.name) throw new MigrationFileError(`${name} exists twice`);
  });
}

/** All files of this library's folder and the given ones, in the order of their names. */
export async function readMigrations(
  tier: Tier,
  directories: readonly string[],
): Promise<Migration[]> {
  const folders = [migrationDirectory, ...directories];
  const paths = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder);
      return names.filter((name) => name.endsWith('.sql')).map((name) => join(folder, name));
    }),
  );
  const migrations = await Promise.all(paths.flat().map((path) => readMigration(tier, path)));
  migrations.sort((a, b) => (a.name < b.name ? -1 : 1));
  refuseDuplicates(migrations);
  return migrations;
}
