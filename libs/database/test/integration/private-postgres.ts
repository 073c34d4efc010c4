import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { eventually, freePort } from '@penguinmails/testing';

const run = promisify(execFile);
const BINARIES = '/usr/lib/postgresql/15/bin';

/** PostgreSQL 15 of the system, the oldest that must work; not everywhere installed. */
export const hasPostgres15 = existsSync(join(BINARIES, 'initdb'));

export interface PrivatePostgres {
  readonly adminUrl: string;
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root: then it runs as the account that its package made. */
async function account(): Promise<{ uid?: number; gid?: number }> {
  if (userInfo().uid !== 0) return {};
  const passwd = await readFile('/etc/passwd', 'utf8');
  const line = passwd.split('\n').find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = (line ?? '').split(':').map(Number);
  return { uid, gid };
}

async function answers(url: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.end();
}

/** A cluster of its own in a temporary folder, on a free port. */
export async function startPostgres15(): Promise<PrivatePostgres> {
  const as = await account();
  const directory = await mkdtemp(join(tmpdir(), 'postgres-15-'));
  if (as.uid !== undefined) await chown(directory, as.uid, as.gid ?? as.uid);
  const initdb = ['-D', directory, '-U', 'postgres', '--no-sync', '--locale=C.UTF-8'];
  await run(join(BINARIES, 'initdb'), initdb, as);
  const port = await freePort();
  const options = ['-p', String(port), '-k', directory, '-c', 'fsync=off'];
  const server = spawn(join(BINARIES, 'postgres'), ['-D', directory, ...options], {
    ...as,
    stdio: 'ignore',
  });
  const adminUrl = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  await eventually(() => answers(adminUrl), { timeoutMs: 20_000, intervalMs: 100 });
  return {
    adminUrl,
    stop: async () => {
      server.kill('SIGINT');
      await once(server, 'exit');
      await rm(directory, { recursive: true });
    },
  };
}
