import { afterEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locateDataDirectory } from './data-directory.ts';
import { environmentOf } from './apps/environment.ts';
import { requireMemory } from './memory.ts';
import { planStack } from './plan.ts';
import { apps, choosePorts, defaultPorts, freePorts, portsFrom } from './ports.ts';
import { loadSecrets } from './secrets.ts';
import { parseOptions, readEnvironment } from './stack.config.ts';
import { describeStack, readStackFile, removeStackFile, writeStackFile } from './stack-file.ts';

const directories: string[] = [];

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'stack-spec-'));
  directories.push(directory);
  return directory;
}

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const listenOn = (port: number): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer().listen(port, '127.0.0.1', () => resolve(server));
  });

describe('ports', () => {
  it('are the seed’s by default and a row from --port-base on', () => {
    expect(defaultPorts).toMatchObject({
      'oltp-db': 5432,
      'content-db': 5433,
      'olap-db': 5434,
      'notifications-db': 5435,
      'queue-db': 5436,
      kafka: 9092,
      smtp: 1025,
      inbox: 8025,
      gateway: 8080,
    });
    expect(portsFrom(20_000)).toMatchObject({
      'oltp-db': 20_000,
      'queue-db': 20_004,
      kafka: 20_005,
      'kafka-controller': 20_006,
      smtp: 20_007,
      inbox: 20_008,
      gateway: 20_009,
      oltp: 20_010,
      'gateway-metrics': 20_030,
    });
    for (const ports of [defaultPorts, portsFrom(20_000)]) {
      expect(new Set(Object.values(ports)).size).toBe(5 + 2 + 2 + 2 * apps.length);
    }
  });

  it('move on from a busy one, past what others want, and say so', async () => {
    const [busy = 0] = await freePorts(1);
    const server = await listenOn(busy);
    const moves: unknown[] = [];
    const wished = { 'oltp-db': busy, 'content-db': busy + 1 };
    const chosen = await choosePorts(wished, (...move) => moves.push(move));
    server.close();
    expect(chosen['oltp-db']).toBeGreaterThan(busy + 1);
    expect(moves[0]).toEqual(['oltp-db', busy, chosen['oltp-db']]);
    expect(chosen['content-db']).not.toBe(chosen['oltp-db']);
  });
});

describe('options', () => {
  it('are what the issue names, all apps by default', () => {
    expect(parseOptions([])).toEqual({
      once: false,
      demo: true,
      restart: true,
      dataDirectory: undefined,
      portBase: undefined,
      apps,
    });
    const all = ['--once', '--no-demo', '--no-restart', '--data-dir', 'd', '--port-base', '20000'];
    expect(parseOptions([...all, '--apps', 'oltp,gateway'])).toEqual({
      once: true,
      demo: false,
      restart: false,
      dataDirectory: 'd',
      portBase: 20_000,
      apps: ['gateway', 'oltp'],
    });
  });

  it.each([
    [['--apps', 'mailer'], /no app "mailer"/],
    [['--port-base', '80'], /--port-base is a number/],
    [['--port-base', '65530'], /--port-base is a number/],
    [['--wrong'], /--wrong/],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });

  it('say what is missing when the memory is', () => {
    const megabyte = 1024 * 1024;
    expect(() => requireMemory(7, 8192 * megabyte)).not.toThrow();
    expect(() => requireMemory(7, 500 * megabyte)).toThrow(/not enough free memory.*--apps/);
  });
});

describe('data directory', () => {
  const postgres = { name: 'postgres', uid: 4321, gid: 4321 };

  it('is .data/stack where the database account may go, else a temporary one with the reason', () => {
    const repository = temporary();
    chmodSync(repository, 0o755);
    expect(locateDataDirectory(undefined, postgres, repository)).toEqual({
      path: join(repository, '.data', 'stack'),
    });
    chmodSync(repository, 0o700);
    const moved = locateDataDirectory(undefined, postgres, repository);
    directories.push(join(moved.path, '..'));
    expect(moved.path.startsWith(tmpdir())).toBe(true);
    expect(moved.note).toContain(`"postgres", who may not enter ${repository}`);
    expect(locateDataDirectory(undefined, { name: 'self' }, repository).note).toBeUndefined();
  });

  it('is refused where it was asked for and cannot be', () => {
    const repository = temporary();
    chmodSync(repository, 0o700);
    const wished = join(repository, 'mine');
    expect(() => locateDataDirectory(wished, postgres)).toThrow(/give another --data-dir/);
  });
});

const EXTERNAL = {
  OLTP_DB_URL: 'postgresql://db.example:5432/penguinmails_oltp',
  QUEUE_DB_URL: 'postgresql://queue_app:a@db.example/q',
  QUEUE_DB_SYSTEM_URL: 'postgresql://queue_system:b@db.example/q',
  QUEUE_DB_MIGRATOR_URL: 'postgresql://queue_migrator:c@db.example/q',
  KAFKA_BROKERS: 'kafka.example:9092',
  SMTP_URL: 'smtp://relay.example:2525',
  OTEL_TRACES_EXPORTER: 'none',
  WORKER_CAPACITY: '7',
  UNRELATED_SECRET: 'not for the apps',
};

function planFor(environment: NodeJS.ProcessEnv) {
  const dataDirectory = temporary();
  return planStack({
    dataDirectory,
    apps,
    environment: readEnvironment(environment),
    ports: portsFrom(20_000),
    secrets: loadSecrets(dataDirectory),
  });
}

describe('plan', () => {
  it('keeps its secrets over restarts, readable by the user only', () => {
    const directory = temporary();
    const first = loadSecrets(directory);
    expect(loadSecrets(directory)).toEqual(first);
    expect(statSync(join(directory, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(Buffer.from(first.hash_key, 'base64')).toHaveLength(32);
  });

  it('gives services their own logins on a seed-style database, and given ones as they are', () => {
    const { databases, secrets } = planFor(EXTERNAL);
    const password = secrets.databases.oltp.app;
    expect(databases.oltp).toMatchObject({ cluster: undefined, provision: true });
    expect(databases.oltp.urls).toMatchObject({
      admin: EXTERNAL.OLTP_DB_URL,
      app: `postgresql://oltp_app:${password}@db.example:5432/penguinmails_oltp`,
    });
    expect(databases.queue).toMatchObject({ cluster: undefined, provision: false });
    expect(databases.queue.urls.app).toBe(EXTERNAL.QUEUE_DB_URL);
    expect(databases.content.cluster).toBeDefined();
  });

  it('gives each app only what concerns it', () => {
    const plan = planFor(EXTERNAL);
    const gateway = environmentOf(plan, 'gateway');
    const worker = environmentOf(plan, 'worker');
    const queue = environmentOf(plan, 'queue');
    expect(gateway).toMatchObject({ OLTP_URL: 'http://127.0.0.1:20010', GATEWAY_PORT: '20009' });
    expect(worker).toMatchObject({ SMTP_URL: EXTERNAL.SMTP_URL, OTEL_TRACES_EXPORTER: 'none' });
    expect(worker.WORKER_CAPACITY).toBe('7');
    expect(queue).toMatchObject({ KAFKA_BROKERS: 'kafka.example:9092' });
    const keys = [gateway, worker, queue].map((env) => env.SERVICE_TOKEN_PRIVATE_KEY_SECRET);
    expect(new Set(keys).size).toBe(3);
    expect(Object.keys(gateway).filter((name) => name.includes('_DB_'))).toEqual([]);
    expect(environmentOf(plan, 'content')).not.toHaveProperty('SERVICE_TOKEN_PRIVATE_KEY_SECRET');
    for (const app of apps) {
      const names = Object.keys(environmentOf(plan, app));
      expect(names).not.toContain('UNRELATED_SECRET');
      expect(names.filter((name) => name.endsWith('MIGRATOR_URL'))).toEqual([]);
    }
    // test keys must not reach a real relay
    expect(worker).not.toHaveProperty('SANDBOX_SMTP_URL');
    const embedded = environmentOf(planFor({}), 'worker');
    expect(embedded.SANDBOX_SMTP_URL).toBe(embedded.SMTP_URL);
  });

  it('lets the apps, and only them, reach everything else through links', () => {
    const plan = planFor({ STACK_LINK_OFFSET: '50' });
    const { databases } = plan;
    expect([databases.olap.urls.app, databases.olap.urls.system]).toEqual([
      expect.stringContaining(':20052/'),
      expect.stringContaining(':20052/'),
    ]);
    expect(databases.olap.urls.admin).toContain(':20002/');
    expect(environmentOf(plan, 'gateway')).toMatchObject({
      GATEWAY_PORT: '20009',
      OLTP_URL: 'http://127.0.0.1:20060',
    });
    expect(environmentOf(plan, 'worker')).toMatchObject({
      KAFKA_BROKERS: '127.0.0.1:20055',
      SMTP_URL: 'smtp://127.0.0.1:20057',
    });
    expect(() => planFor({ STACK_LINK_OFFSET: '-1' })).toThrow(/STACK_LINK_OFFSET/);
  });

  it('is described by stack.json, mode 600, until it is removed', () => {
    const plan = planFor({});
    const description = describeStack(plan, (part) => (part === 'oltp-db' ? 77 : null));
    writeStackFile(description);
    const file = join(plan.dataDirectory, 'stack.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      gateway: { url: 'http://127.0.0.1:20009' },
      kafka: { brokers: '127.0.0.1:20005', pid: null },
      databases: { oltp: { pid: 77 } },
      smtp: { host: '127.0.0.1', port: 20_007, inbox_url: 'http://127.0.0.1:20008' },
      processes: {
        oltp: { internal_url: 'http://127.0.0.1:20010' },
        worker: { internal_url: null },
      },
    });
    removeStackFile(plan.dataDirectory);
    expect(readStackFile(plan.dataDirectory)).toBeUndefined();
  });
});
