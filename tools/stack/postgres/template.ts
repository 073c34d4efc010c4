import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { privateTemporaryDirectory } from '../private-directory.ts';
import { cacheDirectory, root } from '../repository.ts';
import { type Account, firstClosedDirectory } from './account.ts';
import type { Binaries } from './binaries.ts';

const run = promisify(execFile);
const INITDB_WITHIN_MS = 180_000;

/** Templates that this process has asked for: five clusters start at once. */
const templates = new Map<string, Promise<string>>();

/**
 * A freshly initialised data directory to copy: `initdb` costs more than five copies. Made once
 * per PostgreSQL version and account; two processes may race for it, the first one wins.
 */
export function clusterTemplate(binaries: Binaries, account: Account): Promise<string> {
  const cache = cacheFor(account);
  const path = join(cache, `${binaries.version}-${account.name}`);
  const template = templates.get(path) ?? makeTemplate(path, binaries, account);
  templates.set(path, template);
  return template;
}

async function makeTemplate(
  template: string,
  binaries: Binaries,
  account: Account,
): Promise<string> {
  if (existsSync(template)) return template;
  const cache = dirname(template);
  const workshop = mkdtempSync(join(cache, 'initdb-'));
  own(workshop, account);
  await initialise(join(workshop, 'data'), binaries, account);
  moveUnlessPresent(join(workshop, 'data'), template);
  rmSync(workshop, { recursive: true, force: true });
  return template;
}

/** Gives a directory to the database account. */
export function own(path: string, { uid, gid }: Account): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

function cacheFor(account: Account): string {
  const preferred = join(cacheDirectory, 'postgres');
  const closed = firstClosedDirectory(cacheDirectory, account) !== undefined;
  const cache = closed ? privateTemporaryDirectory('clusters', root) : preferred;
  mkdirSync(cache, { recursive: true });
  return cache;
}

/** Trust counts for the template only; no server ever runs on it. */
async function initialise(data: string, binaries: Binaries, account: Account): Promise<void> {
  const args = [
    ...['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--encoding=UTF8'],
    ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
  ];
  const { uid, gid } = account;
  await run(binaries.initdb, args, { uid, gid, cwd: '/', timeout: INITDB_WITHIN_MS });
}

function moveUnlessPresent(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}
