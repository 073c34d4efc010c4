import { execFile } from 'node:child_process';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command, Part } from '../supervisor/part.ts';
import { type Account, databaseAccount } from './account.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { clearStalePostmaster } from './postmaster-file.ts';
import { queryOnce } from './query.ts';
import { setSuperuserPassword } from './superuser-password.ts';
import { clusterTemplate, own } from './template.ts';

const run = promisify(execFile);
const PASSWORDS_ONLY = [
  '# written by tools/stack',
  'host all all 127.0.0.1/32 scram-sha-256',
  'host replication all 127.0.0.1/32 scram-sha-256',
  '',
].join('\n');

export interface ClusterSettings {
  /** Part name, such as `oltp-db`. */
  name: string;
  port: number;
  dataDirectory: string;
  /** Password of the superuser `postgres`. */
  password: string;
  maxConnections: number;
  /** False only for throw-away test clusters: nothing is flushed to the disk. */
  durable: boolean;
  /** Server settings that go over those of this file. */
  more?: Readonly<Record<string, string | number>>;
}

/** One PostgreSQL server as a part of the stack. */
export class PostgresCluster implements Part {
  readonly name: string;
  readonly order = 0;
  readonly stopSignal = 'SIGINT'; // fast shutdown: connections are cut, nothing is lost
  readonly stopWithinMs = 15_000;
  readonly readyWithinMs = 180_000;
  readonly #settings: ClusterSettings;

  constructor(settings: ClusterSettings) {
    this.name = settings.name;
    this.#settings = settings;
  }

  /** Superuser's URL; `database` is any database of the cluster. */
  adminUrl(database = 'postgres'): string {
    const { port, password } = this.#settings;
    return `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`;
  }

  async prepare(): Promise<Command> {
    const account = databaseAccount();
    const binaries = findBinaries(account);
    const { dataDirectory } = this.#settings;
    if (!existsSync(dataDirectory)) await this.#create(binaries, account);
    await clearStalePostmaster(dataDirectory);
    const { uid, gid } = account;
    const args = ['-D', dataDirectory, ...this.#options()];
    return { file: binaries.postgres, args, env: { TZ: 'UTC' }, cwd: '/', uid, gid };
  }

  /** Serves, and keeps what it has acknowledged. */
  async probe(): Promise<void> {
    const [row] = await queryOnce<Record<string, string>>(
      this.adminUrl(),
      `SELECT current_setting('fsync') || current_setting('full_page_writes') ||
              current_setting('synchronous_commit') AS durability`,
    );
    if (this.#settings.durable && row?.durability !== 'ononon') {
      throw new Error('fsync, full_page_writes and synchronous_commit are not all on');
    }
  }

  /** Built beside its place and renamed, so that a crash leaves no half cluster. */
  async #create(binaries: Binaries, account: Account): Promise<void> {
    const { dataDirectory, password } = this.#settings;
    const template = await clusterTemplate(binaries, account);
    const draft = `${dataDirectory}.draft`;
    rmSync(draft, { recursive: true, force: true });
    await run('cp', ['-Rp', template, draft]);
    writeFileSync(join(draft, 'pg_hba.conf'), PASSWORDS_ONLY);
    await setSuperuserPassword(binaries.postgres, draft, password, account);
    own(draft, account);
    renameSync(draft, dataDirectory);
  }

  #options(): string[] {
    const { port, maxConnections, durable, more } = this.#settings;
    const flush = durable ? 'on' : 'off';
    const settings = {
      port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: maxConnections,
      shared_buffers: '32MB',
      timezone: 'UTC',
      log_timezone: 'UTC',
      fsync: flush,
      full_page_writes: flush,
      synchronous_commit: flush,
      ...more,
    };
    return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  }
}
