import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createTierDatabase } from '@penguinmails/testing/tenancy';
import { freePorts } from '../../../libs/testing/src/free-port.ts';
import { PostgresCluster } from '../../stack/postgres/cluster.ts';
import { claimDataDirectory } from '../../stack/supervisor/single-run.ts';
import { Supervisor } from '../../stack/supervisor/supervisor.ts';
import { sweepAbandoned, temporaryDirectory } from '../../test/test-parts.ts';
import { asAdmin } from './admin.ts';
import type { BenchUrls, ContenderDescription } from './contender.ts';
import type { ServerAddress } from './cost-meter.ts';

const NAME = 'bench-queue-db';
const CONNECTIONS = 200;
/** Everything else as PostgreSQL ships it. */
const SETTINGS = { shared_buffers: '1GB', max_wal_size: '4GB' };

/** A database for one measurement. */
export interface BenchDatabase {
  readonly urls: BenchUrls;
  drop(): Promise<void>;
}

/** The PostgreSQL of the bench, durable, on a throw-away directory. */
export interface QueueServer {
  readonly address: ServerAddress;
  createDatabase(description: ContenderDescription): Promise<BenchDatabase>;
  stop(): Promise<void>;
}

export async function startQueueServer(): Promise<QueueServer> {
  await sweepAbandoned();
  const dataDirectory = temporaryDirectory();
  claimDataDirectory(dataDirectory);
  const supervisor = new Supervisor({ dataDirectory, restart: false, say: () => undefined });
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  };
  try {
    const adminUrl = await startCluster(supervisor, join(dataDirectory, 'postgres'));
    const pid = supervisor.pid(NAME);
    if (pid === null) throw new Error('the server of the bench has ended');
    const createDatabase = (description: ContenderDescription): Promise<BenchDatabase> =>
      description.hasOurSchema ? ourDatabase(adminUrl) : emptyDatabase(adminUrl);
    return { address: { adminUrl, pid, writesWal: true }, createDatabase, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startCluster(supervisor: Supervisor, dataDirectory: string): Promise<string> {
  const [port = 0] = await freePorts(1);
  const cluster = new PostgresCluster({
    name: NAME,
    port,
    dataDirectory,
    password: randomBytes(12).toString('hex'),
    maxConnections: CONNECTIONS,
    durable: true,
    more: SETTINGS,
  });
  await supervisor.start(cluster);
  return cluster.adminUrl();
}

/** The tier's own schema, roles and policies. */
async function ourDatabase(adminUrl: string): Promise<BenchDatabase> {
  const tier = await createTierDatabase('queue', { adminUrl });
  const urls = { admin: tier.adminUrl, app: tier.appUrl, system: tier.systemUrl };
  return { urls, drop: () => tier.drop() };
}

/** A peer writes its schema itself. */
async function emptyDatabase(adminUrl: string): Promise<BenchDatabase> {
  const name = `bench_${randomBytes(5).toString('hex')}`;
  await asAdmin(adminUrl, (client) => client.query(`CREATE DATABASE ${name}`));
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const drop = async (): Promise<void> => {
    await asAdmin(adminUrl, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
  };
  return { urls: { admin: url.href, app: url.href, system: url.href }, drop };
}
