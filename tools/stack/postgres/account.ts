import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** As whom PostgreSQL runs; no ids when that is simply the user of this process. */
export interface Account {
  name: string;
  uid?: number;
  gid?: number;
}

const CANDIDATES = ['postgres', 'nobody'];

/** PostgreSQL refuses root: then it is `postgres` where that user exists, else `nobody`. */
export function databaseAccount(): Account {
  if (process.getuid?.() !== 0) return { name: 'self' };
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of CANDIDATES) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined) return { name, uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('PostgreSQL does not run as root and there is no user "postgres" or "nobody"');
}

/** The first directory above `path` (itself included) that the account may not pass. */
export function firstClosedDirectory(path: string, account: Account): string | undefined {
  if (account.uid === undefined) return undefined;
  return ancestors(path).find((directory) => !mayPass(directory, account));
}

function ancestors(path: string): string[] {
  const all: string[] = [];
  for (let at = resolve(path); ; at = dirname(at)) {
    if (existsSync(at)) all.unshift(at);
    if (at === dirname(at)) return all;
  }
}

function mayPass(directory: string, account: Account): boolean {
  const { mode, uid, gid } = statSync(directory);
  if (uid === account.uid) return (mode & 0o100) !== 0;
  if (gid === account.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}
