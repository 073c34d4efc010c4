import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createTierDatabase, type TierDatabase } from '@penguinmails/testing/tenancy';
import pg from 'pg';
import { freePorts } from '../../../libs/testing/src/free-port.ts';
import { PostgresCluster } from '../../stack/postgres/cluster.ts';
import { queryOnce } from '../../stack/postgres/query.ts';
import { loadSecrets, type Secrets } from '../../stack/secrets.ts';
import { claimDataDirectory } from '../../stack/supervisor/single-run.ts';
import { Supervisor } from '../../stack/supervisor/supervisor.ts';
import { watchLeaseLosses } from './judge/lease-losses.ts';
import { sweepAbandoned, temporaryDirectory } from '../../test/test-parts.ts';

const CONNECTIONS = 300;
export const DATABASE_PART = 'queue-db';

/** A PostgreSQL of its own with the queue's schema, which can be killed and stopped. */
export interface Stage {
  /** Logs and journals; removed at the end. */
  readonly directory: string;
  readonly supervisor: Supervisor;
  readonly database: TierDatabase;
  /** A superuser's: it sees the rows of all tenants. */
  readonly admin: pg.Pool;
  readonly signing: Secrets['signing'];
  /** @param keep the directory stays, until the next test run sweeps it away */
  close(keep: boolean): Promise<void>;
}

export async function openStage(durable: boolean): Promise<Stage> {
  await sweepAbandoned();
  const directory = temporaryDirectory();
  claimDataDirectory(directory);
  await mkdir(join(directory, 'journals'));
  const say = (): void => undefined;
  const supervisor = new Supervisor({ dataDirectory: directory, restart: false, say });
  try {
    const database = await openDatabase(supervisor, directory, durable);
    const admin = poolOf(database.adminUrl);
    await watchLeaseLosses(admin);
    const close = async (keep: boolean): Promise<void> => {
      await supervisor.stop();
      await admin.end();
      if (!keep) rmSync(directory, { recursive: true, force: true });
    };
    const { signing } = loadSecrets(directory);
    return { directory, supervisor, database, admin, signing, close };
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

async function openDatabase(supervisor: Supervisor, directory: string, durable: boolean) {
  const [port = 0] = await freePorts(1);
  const cluster = new PostgresCluster({
    name: DATABASE_PART,
    port,
    dataDirectory: join(directory, 'postgres'),
    password: 'test',
    maxConnections: CONNECTIONS,
    durable,
  });
  await supervisor.start(cluster);
  await queryOnce(cluster.adminUrl(), 'SELECT 1');
  return createTierDatabase('queue', { adminUrl: cluster.adminUrl() });
}

function poolOf(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 6,
    connectionTimeoutMillis: 60_000,
    query_timeout: 120_000,
    application_name: 'verify-queue',
  });
  // The loss of an idle connection is an event; the query that meets it rejects as well.
  pool.on('error', (error) => void error);
  return pool;
}
