import { createServer } from 'node:net';

const HOST = '127.0.0.1';
const LAST_PORT = 65_535;

/** What listens: `<tier>-db`, kafka, kafka-controller, smtp, inbox, `<app>`, `<app>-metrics`. */
export type PortName = string;

export const tiers = ['oltp', 'content', 'olap', 'notifications', 'queue'] as const;
export type Tier = (typeof tiers)[number];

/** The seven apps, in the order of their ports. */
export const apps = [
  'gateway',
  'oltp',
  'content',
  'olap',
  'queue',
  'notifications',
  'worker',
] as const;
export type App = (typeof apps)[number];

const DATABASES = tiers.map((tier) => `${tier}-db`);
const OTHER_APPS = apps.filter((app) => app !== 'gateway');
const METRICS = apps.map((app) => `${app}-metrics`);

/** Default ports: the seed's for the databases, the usual ones for the rest. */
export const defaultPorts: Record<PortName, number> = {
  ...row(DATABASES, 5432),
  kafka: 9092,
  'kafka-controller': 9093,
  smtp: 1025,
  inbox: 8025,
  gateway: 8080,
  ...row(OTHER_APPS, 8081),
  ...row(METRICS, 8101),
};

/**
 * All ports from one number on: databases, Kafka, SMTP, inbox, gateway, +10 apps, +30 metrics, and
 * those that replicas add from +40 on.
 */
export function portsFrom(base: number, added: readonly PortName[] = []): Record<PortName, number> {
  return {
    ...row(added, base + 40),
    ...row(DATABASES, base),
    kafka: base + 5,
    'kafka-controller': base + 6,
    smtp: base + 7,
    inbox: base + 8,
    gateway: base + 9,
    ...row(OTHER_APPS, base + 10),
    ...row(METRICS, base + 30),
  };
}

/** The default ports, and those that replicas add. */
export const defaultPortsWith = (added: readonly PortName[]): Record<PortName, number> => ({
  ...defaultPorts,
  ...row(added, 8121),
});

function row(names: readonly string[], first: number): Record<PortName, number> {
  return Object.fromEntries(names.map((name, index) => [name, first + index]));
}

/**
 * Takes each wished port that is free, and for a busy one the next free one that nobody else here
 * wants; `moved` is told.
 */
export async function choosePorts(
  wished: Record<PortName, number>,
  moved: (name: PortName, from: number, to: number) => void,
): Promise<Record<PortName, number>> {
  const taken = new Set(Object.values(wished));
  const chosen: Record<PortName, number> = {};
  for (const [name, port] of Object.entries(wished)) {
    chosen[name] = (await isFree(port)) ? port : await nextFree(port + 1, taken);
    taken.add(chosen[name]);
    if (chosen[name] !== port) moved(name, port, chosen[name]);
  }
  return chosen;
}

async function nextFree(from: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = from; port <= LAST_PORT; port += 1) {
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port above ${from}`);
}

/** True when this process could listen there. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}
