import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseBroker } from '../stack/kafka/choose-broker.ts';
import { freePorts } from '../../libs/testing/src/free-port.ts';
import { PostgresCluster } from '../stack/postgres/cluster.ts';
import { queryOnce } from '../stack/postgres/query.ts';
import { readEnvironment } from '../stack/stack.config.ts';
import { ProcessRecords, stopProcess } from '../stack/supervisor/process-records.ts';
import { claimDataDirectory, supervisorOf } from '../stack/supervisor/single-run.ts';
import { Supervisor } from '../stack/supervisor/supervisor.ts';

const PREFIX = 'penguinmails-test-';
const CONNECTIONS = 400;
const LEFTOVER_PATIENCE_MS = 5_000;

/** PostgreSQL and Kafka of one test run; both run on a throw-away directory. */
export interface TestParts {
  postgresUrl: string | undefined;
  brokers: string | undefined;
  stop(): Promise<void>;
}

/** Which of the two are to be started; the other one runs already. */
export interface WantedParts {
  postgres: boolean;
  kafka: boolean;
  /** PostgreSQL flushes as in production: for benches. */
  durable?: boolean;
}

/** A directory below the temporary one that also the database account can pass. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), PREFIX));
  chmodSync(directory, 0o755);
  return directory;
}

/** Stops and removes what killed test runs have left behind; living ones are left alone. */
export async function sweepAbandoned(): Promise<void> {
  const names = readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX));
  for (const directory of names.map((name) => join(tmpdir(), name))) {
    const records = new ProcessRecords(join(directory, 'processes.json'));
    if (supervisorOf(directory) || !records.exist()) continue;
    for (const record of records.leftovers()) await stopProcess(record, LEFTOVER_PATIENCE_MS);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Starts what is wanted, side by side; unless `durable`, nothing here survives a power cut. */
export async function startTestParts(wanted: WantedParts): Promise<TestParts> {
  await sweepAbandoned();
  const dataDirectory = temporaryDirectory();
  claimDataDirectory(dataDirectory);
  const supervisor = new Supervisor({ dataDirectory, restart: false, say: () => undefined });
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  };
  try {
    const [postgresUrl, brokers] = await Promise.all([
      wanted.postgres ? startPostgres(supervisor, dataDirectory, wanted.durable) : undefined,
      wanted.kafka ? startKafka(supervisor, dataDirectory) : undefined,
    ]);
    return { postgresUrl, brokers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startPostgres(
  supervisor: Supervisor,
  dataDirectory: string,
  durable = false,
): Promise<string> {
  const [port = 0] = await freePorts(1);
  const cluster = new PostgresCluster({
    name: 'test-db',
    port,
    dataDirectory: join(dataDirectory, 'postgres'),
    password: 'test',
    maxConnections: CONNECTIONS,
    durable,
  });
  await supervisor.start(cluster);
  await queryOnce(cluster.adminUrl(), 'SELECT 1');
  return cluster.adminUrl();
}

async function startKafka(supervisor: Supervisor, dataDirectory: string): Promise<string> {
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const where = { port, controllerPort, dataDirectory: join(dataDirectory, 'kafka') };
  const say = (line: string): boolean => process.stderr.write(`${line}\n`);
  await supervisor.start(await chooseBroker(readEnvironment().programs, where, say));
  return `127.0.0.1:${port}`;
}
