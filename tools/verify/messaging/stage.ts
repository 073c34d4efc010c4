import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { newId, topics } from '@penguinmails/contracts';
import { ensureTopics, withAdmin } from '@penguinmails/kafka';
import { createLogger } from '@penguinmails/observability';
import { eventually } from '@penguinmails/testing/events';
import {
  createTierDatabase,
  type TierDatabase,
  withAdmin as withSuperuser,
} from '@penguinmails/testing/tenancy';
import pg from 'pg';
import { chooseBroker } from '../../stack/kafka/choose-broker.ts';
import { freePorts } from '../../../libs/testing/src/free-port.ts';
import { readEnvironment } from '../../stack/stack.config.ts';
import type { SupervisedPart } from '../../stack/supervisor/supervised-part.ts';
import { claimDataDirectory } from '../../stack/supervisor/single-run.ts';
import { Supervisor } from '../../stack/supervisor/supervisor.ts';
import { temporaryDirectory } from '../../test/test-parts.ts';
import { type Aggregate, newAggregates, TOPIC } from './subject.ts';

const WRITTEN = `
  CREATE TABLE verify_aggregates (tenant_id uuid, id uuid PRIMARY KEY, version integer NOT NULL);
  SELECT secure_tenant_table('verify_aggregates', 'SELECT, UPDATE', 'SELECT');`;

const EFFECTS = `
  CREATE TABLE verify_effects (tenant_id uuid, aggregate_id uuid PRIMARY KEY,
    last_version integer NOT NULL, effects integer NOT NULL, disorder integer NOT NULL);
  SELECT secure_tenant_table('verify_effects', 'SELECT, INSERT, UPDATE', 'SELECT, INSERT, UPDATE');`;

/** A broker of its own, which can be killed and paused, and two databases of the test cluster. */
export interface Stage {
  readonly broker: SupervisedPart;
  readonly brokers: readonly string[];
  readonly group: string;
  readonly oltp: TierDatabase;
  readonly queue: TierDatabase;
  /** Superusers: they see the rows of all tenants. */
  readonly written: pg.Pool;
  readonly effects: pg.Pool;
  readonly aggregates: readonly Aggregate[];
  /** Logs and the writers' ledger; removed at the end. */
  readonly directory: string;
  /** @param keepLogs the directory stays, until the next test run sweeps it away */
  close(keepLogs: boolean): Promise<void>;
}

/** Needs TEST_POSTGRES_ADMIN_URL (withPostgres). */
export async function openStage(): Promise<Stage> {
  const directory = temporaryDirectory();
  claimDataDirectory(directory);
  const supervisor = new Supervisor({
    dataDirectory: directory,
    restart: false,
    say: () => undefined,
  });
  try {
    const brokers = await startBroker(supervisor, directory);
    const databases = await openDatabases();
    const close = async (keepLogs: boolean) => {
      await databases.drop();
      await supervisor.stop();
      if (!keepLogs) rmSync(directory, { recursive: true, force: true });
    };
    const broker = supervisor.part('kafka');
    return { ...databases, directory, brokers, broker, group: `verify-${newId()}`, close };
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

async function startBroker(supervisor: Supervisor, directory: string): Promise<string[]> {
  const [port = 0, controllerPort = 0] = await freePorts(2);
  await mkdir(join(directory, 'logs'), { recursive: true });
  const where = { port, controllerPort, dataDirectory: join(directory, 'kafka') };
  const say = (line: string): boolean => process.stderr.write(`${line}\n`);
  await supervisor.start(await chooseBroker(readEnvironment().programs, where, say));
  const brokers = [`127.0.0.1:${port}`];
  const logger = createLogger('verify', { level: 'error' });
  const declared = topics.filter(({ name }) => name === TOPIC);
  // A broker that has just started may be late with its first answers.
  await eventually(() =>
    withAdmin({ brokers, clientId: 'verify', logger }, (admin) => ensureTopics(admin, declared)),
  );
  return brokers;
}

async function openDatabases() {
  const aggregates = newAggregates();
  const oltp = await createTierDatabase('oltp');
  const queue = await createTierDatabase('queue');
  await withSuperuser(oltp.adminUrl, async (admin) => {
    await admin.query(WRITTEN);
    await admin.query(
      `INSERT INTO verify_aggregates SELECT *, 0 FROM unnest($1::uuid[], $2::uuid[])`,
      [aggregates.map(({ tenantId }) => tenantId), aggregates.map(({ id }) => id)],
    );
  });
  await withSuperuser(queue.adminUrl, (admin) => admin.query(EFFECTS));
  const written = poolOf(oltp);
  const effects = poolOf(queue);
  const drop = async () => {
    await Promise.all([written.end(), effects.end()]);
    await Promise.all([oltp.drop(), queue.drop()]);
  };
  return { aggregates, oltp, queue, written, effects, drop };
}

function poolOf({ adminUrl }: TierDatabase): pg.Pool {
  const pool = new pg.Pool({
    connectionString: adminUrl,
    max: 2,
    connectionTimeoutMillis: 60_000,
    query_timeout: 120_000,
  });
  // The loss of an idle connection is an event; the query that meets it rejects as well.
  pool.on('error', (error) => void error);
  return pool;
}
