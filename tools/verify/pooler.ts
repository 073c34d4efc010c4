import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { databaseAccount } from '../stack/postgres/account.ts';
import { freePorts } from '../../libs/testing/src/free-port.ts';

const SERVER_CONNECTIONS = 3;
const PROGRAM = 'pgbouncer';
const VERSION_MS = 5_000;
const ATTEMPTS = 50;
const PAUSE_MS = 100;

/** A PgBouncer in transaction mode before one server; it has few server connections per login. */
export interface Pooler {
  /** The URL of a login, by way of the pooler. */
  through(url: string): string;
  stop(): Promise<void>;
}

function settings(server: URL, port: number, directory: string): string {
  const lines = [
    '[databases]',
    `* = host=${server.hostname} port=${server.port || 5432}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = plain',
    `auth_file = ${join(directory, 'users.txt')}`,
    'pool_mode = transaction',
    `default_pool_size = ${SERVER_CONNECTIONS}`,
    'max_client_conn = 200',
    'query_wait_timeout = 10',
    'server_connect_timeout = 5',
    'ignore_startup_parameters = extra_float_digits',
  ];
  return `${lines.join('\n')}\n`;
}

const userLine = (url: URL): string =>
  `"${decodeURIComponent(url.username)}" "${decodeURIComponent(url.password)}"\n`;

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'ECONNREFUSED') return false;
    throw error;
  } finally {
    socket.destroy();
  }
}

async function untilReady(port: number, alive: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS && alive(); attempt += 1) {
    if (await listens(port)) return;
    await delay(PAUSE_MS);
  }
  throw new Error('pgbouncer does not listen');
}

/**
 * Asked under our own account: under another one, a directory of PATH that it may not enter turns ENOENT
 * into EACCES (execvp(3)), as a program does that may not be run.
 */
function isMissing(): boolean {
  const { error } = spawnSync(PROGRAM, ['--version'], { stdio: 'ignore', timeout: VERSION_MS });
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

/** Starts the `pgbouncer` on PATH; undefined when there is none. @param urls of the logins it serves */
export async function startPooler(urls: readonly string[]): Promise<Pooler | undefined> {
  if (isMissing()) return undefined;
  const account = databaseAccount();
  const [port = 0] = await freePorts(1);
  const directory = mkdtempSync(join(tmpdir(), 'penguinmails-pgbouncer-'));
  const logins = urls.map((url) => new URL(url));
  const [first] = logins;
  if (!first) throw new Error('a pooler without logins');
  const file = join(directory, 'pgbouncer.ini');
  writeFileSync(file, settings(first, port, directory));
  writeFileSync(join(directory, 'users.txt'), logins.map(userLine).join(''));
  if (account.uid !== undefined) {
    for (const path of [directory, file, join(directory, 'users.txt')]) {
      chownSync(path, account.uid, account.gid ?? account.uid);
    }
  }
  const { uid, gid } = account;
  const child = spawn(PROGRAM, ['-q', file], { uid, gid, stdio: ['ignore', 2, 2] });
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    await once(child, 'spawn');
  } catch (error) {
    remove();
    throw error;
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    remove();
  };
  try {
    await untilReady(port, () => child.exitCode === null);
  } catch (error) {
    await stop();
    throw error;
  }
  return { through: (url) => rerouted(url, port), stop };
}

function rerouted(url: string, port: number): string {
  const to = new URL(url);
  to.hostname = '127.0.0.1';
  to.port = String(port);
  return to.href;
}
