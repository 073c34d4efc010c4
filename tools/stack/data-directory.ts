import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Account, firstClosedDirectory } from './postgres/account.ts';
import { privateTemporaryDirectory } from './private-directory.ts';
import { root } from './repository.ts';

/** Where the stack keeps its data, and why it is not the usual place when it is not. */
export interface DataDirectory {
  path: string;
  note?: string;
}

/**
 * `--data-dir`, else `.data/stack`, else (where the database account may not go there) a directory
 * below the system's temporary one.
 *
 * @throws Error when the wished directory is closed to the database account
 */
export function locateDataDirectory(
  wished: string | undefined,
  account: Account,
  repository = root,
): DataDirectory {
  const preferred = resolve(wished ?? join(repository, '.data', 'stack'));
  const closed = firstClosedDirectory(dirname(preferred), account);
  if (closed === undefined) return { path: preferred };
  const reason = `PostgreSQL runs as "${account.name}", who may not enter ${closed}`;
  if (wished !== undefined) throw new Error(`${reason}: give another --data-dir`);
  const path = join(privateTemporaryDirectory('data', repository), 'stack');
  return { path, note: `${reason}: the data is kept in ${path}` };
}

/** Makes it, passable for the database account. */
export function createDataDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o755 });
}
