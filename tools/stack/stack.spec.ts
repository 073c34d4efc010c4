import { afterEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  request,
  type Server as HttpServer,
} from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { locateDataDirectory } from './data-directory.ts';
import { environmentOf as environmentOfReplica } from './apps/environment.ts';
import { requireMemory } from './memory.ts';
import { planStack, processesOf, type StackPlan } from './plan.ts';
import { inFairWeather } from '../verify/weather.ts';
import { freePorts } from '../../libs/testing/src/free-port.ts';
import { type App, apps, choosePorts, defaultPorts, portsFrom } from './ports.ts';
import { firstReplica, parseReplicas, replicaPortNames, replicasOf } from './replicas.ts';
import { loadSecrets } from './secrets.ts';
import { parseOptions, readEnvironment } from './stack.config.ts';
import { TcpFront } from './front/tcp-front.ts';
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
      replicas: {},
      preloads: {},
    });
    const all = ['--once', '--no-demo', '--no-restart', '--data-dir', 'd', '--port-base', '20000'];
    expect(parseOptions([...all, '--apps', 'oltp,gateway'])).toEqual({
      once: true,
      demo: false,
      restart: false,
      dataDirectory: 'd',
      portBase: 20_000,
      apps: ['gateway', 'oltp'],
      replicas: {},
      preloads: {},
    });
  });

  it.each([
    [['--apps', 'mailer'], /no app "mailer"/],
    [['--port-base', '80'], /--port-base is a number/],
    [['--port-base', '65530'], /--port-base is a number/],
    [['--replicas', 'mailer=2'], /no app "mailer"/],
    [['--replicas', 'oltp=0'], /from 1 to 9/],
    [['--replicas', 'oltp'], /from 1 to 9/],
    [['--preload', 'mailer=a.ts'], /not app=FILE/],
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

const environmentOf = (plan: StackPlan, app: App) => environmentOfReplica(plan, firstReplica(app));

function planFor(environment: NodeJS.ProcessEnv, counts = '') {
  const dataDirectory = temporary();
  return planStack({
    dataDirectory,
    apps,
    replicas: parseReplicas(counts),
    preloads: {},
    environment: readEnvironment(environment),
    ports: portsFrom(20_000, replicaPortNames(parseReplicas(counts))),
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

describe('replicas', () => {
  it('are parts of their own, called through a front where there are several', () => {
    const plan = planFor({}, 'oltp=3,worker=2');
    expect(processesOf(plan).map(({ name }) => name)).toEqual([
      ...['gateway', 'oltp', 'oltp-2', 'oltp-3', 'content', 'olap', 'queue', 'notifications'],
      ...['worker', 'worker-2'],
    ]);
    expect(new Set(Object.values(plan.ports)).size).toBe(Object.values(plan.ports).length);
    const front = `http://127.0.0.1:${plan.ports['oltp-front']}`;
    expect(environmentOf(plan, 'gateway')).toMatchObject({ OLTP_URL: front });
    expect(environmentOf(plan, 'gateway').QUEUE_URL).toBe(`http://127.0.0.1:${plan.ports.queue}`);
    const [, second] = replicasOf('oltp', plan.replicas);
    expect(second && environmentOfReplica(plan, second)).toMatchObject({
      OLTP_PORT: String(plan.ports['oltp-2']),
      OLTP_METRICS_PORT: String(plan.ports['oltp-2-metrics']),
    });
    expect(describeStack(plan, () => 5).processes['worker-2']).toMatchObject({ pid: 5 });
  });

  it('of the gateway have one public address', () => {
    const plan = planFor({}, 'gateway=2');
    expect(plan.publicUrl).toBe(`http://127.0.0.1:${plan.ports['gateway-front']}`);
  });
});

describe('the front of an app', () => {
  interface Running {
    port: number;
    name: string;
    server: HttpServer;
  }
  const running: Running[] = [];
  const fronts: TcpFront[] = [];
  let unready: string[] = [];

  afterEach(async () => {
    for (const front of fronts.splice(0)) await front.close();
    for (const { server } of running.splice(0)) server.close();
    unready = [];
  });

  /** Answers `/readyz` and everything else with its name. */
  async function process(name: string): Promise<Running> {
    const server = createHttpServer((request, response) => {
      response.statusCode = request.url === '/readyz' && unready.includes(name) ? 503 : 200;
      response.end(name);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const one = { port: (server.address() as AddressInfo).port, name, server };
    running.push(one);
    return one;
  }

  async function frontOf(...backends: Running[]): Promise<number> {
    const [port = 0] = await freePorts(1);
    const front = new TcpFront(
      port,
      backends.map((one) => ({ port: one.port, readyUrl: `http://127.0.0.1:${one.port}/readyz` })),
    );
    await front.listen();
    fronts.push(front);
    return port;
  }

  /** On a connection of its own. */
  async function ask(port: number): Promise<string> {
    const outgoing = request({ port, host: '127.0.0.1', agent: false });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return text(response);
  }
  const askMany = async (port: number) =>
    (await Promise.all(Array.from({ length: 6 }, () => ask(port)))).sort();
  /** Who stands still is taken for unready, or gets no connection in time. */
  const answersAre = async (port: number, isGood: (answers: string[]) => boolean) =>
    isGood(
      await inFairWeather({
        run: () => askMany(port).catch((error: Error) => [error.message]),
        isFinal: isGood,
        questions: [],
        fairMs: 250,
      }),
    );

  async function until(condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 90_000;
    while (!(await condition())) if (Date.now() > deadline) throw new Error('it never came');
  }

  it('takes each in turn, and skips what is unready or dead', async () => {
    const [a, b, c] = [await process('a'), await process('b'), await process('c')];
    const port = await frontOf(a, b, c);
    expect(await answersAre(port, (answers) => answers.join('') === 'aabbcc')).toBe(true);
    unready = ['b'];
    await until(async () => !(await askMany(port)).includes('b'));
    a.server.close();
    a.server.closeAllConnections();
    expect(await answersAre(port, (answers) => answers.join('') === 'cccccc')).toBe(true);
    unready = [];
    await until(async () => (await askMany(port)).includes('b'));
  });

  it('refuses when nobody is there', async () => {
    const [closed = 0] = await freePorts(1);
    const port = await frontOf({ ...(await process('a')), port: closed });
    await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});
