import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { provision } from '../databases/provision.ts';
import { embeddedDatabase } from '../databases/tier-database.ts';
import { freePorts } from '../../../libs/testing/src/free-port.ts';
import { loadSecrets } from '../secrets.ts';
import { identify } from '../supervisor/process-identity.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { databaseAccount, firstClosedDirectory } from './account.ts';
import { PostgresCluster } from './cluster.ts';
import { queryOnce } from './query.ts';

let directory: string;
let supervisor: Supervisor;
let cluster: PostgresCluster;
let stranger: ChildProcess;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postgres-spec-'));
  chmodSync(directory, 0o755);
  cluster = await newCluster(true);
  supervisor = new Supervisor({ dataDirectory: directory, restart: true, say: () => undefined });
  await supervisor.start(cluster);
  await queryOnce(cluster.adminUrl(), 'CREATE TABLE kept (n int)');
});

afterAll(async () => {
  await supervisor.stop();
  stranger.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

async function newCluster(durable: boolean): Promise<PostgresCluster> {
  const [port = 0] = await freePorts(1);
  const dataDirectory = join(directory, 'data');
  const settings = { name: 'db', port, dataDirectory, password: 'a-b_c', maxConnections: 20 };
  return new PostgresCluster({ ...settings, durable });
}

const rows = (): Promise<{ n: number }[]> =>
  queryOnce(cluster.adminUrl(), 'SELECT n FROM kept ORDER BY n');

/** A new process serves. */
async function untilServes(before: number | null): Promise<void> {
  for (let tries = 0; tries < 6_000; tries += 1) {
    const { state, pid } = supervisor.part('db').status();
    if (state === 'ready' && pid !== before) return cluster.probe();
    await delay(25);
  }
  throw new Error('the database did not come back');
}

describe('PostgresCluster', () => {
  it('keeps what it acknowledged over kill -9 of everything, and comes back by itself', async () => {
    await queryOnce(cluster.adminUrl(), 'INSERT INTO kept VALUES (1)');
    const before = supervisor.pid('db');
    await supervisor.part('db').kill();
    await untilServes(before);
    expect(await rows()).toEqual([{ n: 1 }]);
  });

  it('comes back when only the postmaster is killed while backends live on', async () => {
    const before = supervisor.pid('db');
    const client = new Client(cluster.adminUrl());
    const lost = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    process.kill(before ?? 0, 'SIGKILL');
    await untilServes(before);
    await lost;
    expect(await rows()).toEqual([{ n: 1 }]);
  });

  it('is durable and takes passwords only', async () => {
    const [settings] = await queryOnce<object>(
      cluster.adminUrl(),
      `SELECT current_setting('fsync') AS fsync, current_setting('listen_addresses') AS hosts,
              current_setting('unix_socket_directories') AS sockets`,
    );
    expect(settings).toEqual({ fsync: 'on', hosts: '127.0.0.1', sockets: '' });
    const wrong = cluster.adminUrl().replace('a-b_c', 'guessed');
    await expect(queryOnce(wrong, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  it('does not count as ready when it would lose data', async () => {
    await supervisor.part('db').stop();
    const risky = await newCluster(false);
    const careful = await newCluster(true);
    Object.assign(careful, { adminUrl: () => risky.adminUrl() });
    await supervisor.start(risky);
    await expect(careful.probe()).rejects.toThrow(/fsync/);
    await supervisor.part('db').stop();
    await supervisor.start(cluster);
  });

  it('starts over a stale postmaster.pid whose pid is another program now, unharmed', async () => {
    stranger = spawn('sleep', ['3600'], accountOptions());
    const file = join(directory, 'data', 'postmaster.pid');
    const text = readFileSync(file, 'utf8');
    await supervisor.part('db').stop();
    writeFileSync(file, text.replace(/^\d+/, String(stranger.pid)));
    await supervisor.part('db').start();
    expect(await rows()).toEqual([{ n: 1 }]);
    expect(identify(stranger.pid ?? 0)).toBeDefined();
  });

  it('stops a server that an earlier run left on the same directory', async () => {
    await supervisor.part('db').stop();
    const settings = { dataDirectory: directory, restart: false, say: () => undefined };
    const killed = new Supervisor(settings);
    await killed.start(cluster);
    rmSync(join(directory, 'processes.json')); // as if killed before it was written
    const next = new Supervisor(settings);
    await next.start(cluster);
    expect(killed.pid('db')).not.toBe(next.pid('db'));
    expect(await rows()).toEqual([{ n: 1 }]);
    await next.stop();
  });
});

/** The same user as PostgreSQL: that is whose processes it would mistake for itself. */
function accountOptions(): object {
  const { uid, gid } = databaseAccount();
  return { uid, gid, stdio: 'ignore', cwd: '/' };
}

describe('firstClosedDirectory', () => {
  it('finds the directory that the account may not pass', () => {
    const closed = mkdtempSync(join(tmpdir(), 'closed-'));
    const account = { name: 'nobody', uid: 65_534, gid: 65_534 };
    expect(firstClosedDirectory(join(closed, 'below'), account)).toBe(closed);
    chmodSync(closed, 0o711);
    expect(firstClosedDirectory(join(closed, 'below'), account)).toBeUndefined();
    rmSync(closed, { recursive: true });
  });
});

describe('provision', () => {
  it('makes database, roles and passwords, twice the same', async () => {
    const secrets = loadSecrets(directory).databases.olap;
    const [port = 0] = await freePorts(1);
    const database = embeddedDatabase('olap', port, directory, secrets);
    if (!database.cluster) throw new Error('not embedded');
    const own = new Supervisor({ dataDirectory: directory, restart: false, say: () => undefined });
    await own.start(database.cluster);
    await provision(database, secrets);
    await provision(database, secrets);
    const [app] = await queryOnce(database.urls.app, 'SELECT current_user AS name');
    expect(app).toEqual({ name: 'olap_app' });
    const [limits] = await queryOnce<{ max: string }>(
      database.urls.admin,
      "SELECT current_setting('max_connections') AS max",
    );
    expect(limits?.max).toBe(String(20 + 3 * (20 + 10)));
    await own.stop();
  });
});
