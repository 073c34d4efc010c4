import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type LinkSettings, readLinkOffset } from './links.ts';
import { type App, apps, type Tier, tiers } from './ports.ts';
import { parseReplicas, type ReplicaCounts, replicaPortNames } from './replicas.ts';

/** Absolute path by app. */
export type Preloads = Partial<Record<App, string>>;

/** What the person asked for on the command line. */
export interface StackOptions {
  /** Stop after the demonstration; the exit code tells whether every tier had its evidence. */
  once: boolean;
  demo: boolean;
  restart: boolean;
  dataDirectory: string | undefined;
  portBase: number | undefined;
  apps: readonly App[];
  /** Processes of an app; one where it is not named. */
  replicas: ReplicaCounts;
  /** Module that an app loads before its own ones. */
  preloads: Preloads;
}

/** Parts that run elsewhere, and what of the environment the launchers look at. */
export interface StackEnvironment extends LinkSettings {
  kafkaBrokers: string | undefined;
  smtpUrl: string | undefined;
  sandboxSmtpUrl: string | undefined;
  /** A URL for an administrator, or, with the other two set as well, the app's own login. */
  databaseUrls: Partial<Record<Tier, ExternalDatabase>>;
  /** Where java, mvn and docker are looked for. */
  programs: { PATH: string; JAVA_HOME: string };
  /** OTEL_* and LOG_LEVEL: handed on to every app. */
  telemetry: Record<string, string>;
  /** Of the embedded SMTP sink: `SINK_JOURNAL` and `SINK_DELAY_MS`. */
  sink: { journal: boolean; delayMs: number };
  /** `<APP>_*` apart from its database URLs: handed on to that app, such as WORKER_CAPACITY. */
  tuning: Record<App, Record<string, string>>;
}

/** A database that the stack does not start. */
export interface ExternalDatabase {
  url: string;
  systemUrl: string | undefined;
  migratorUrl: string | undefined;
}

const OPTIONS = {
  once: { type: 'boolean', default: false },
  'no-demo': { type: 'boolean', default: false },
  'no-restart': { type: 'boolean', default: false },
  'data-dir': { type: 'string' },
  'port-base': { type: 'string' },
  apps: { type: 'string' },
  replicas: { type: 'string', default: '' },
  preload: { type: 'string', multiple: true, default: [] as string[] },
} as const;

const PLAIN_PORTS = 40;

/** @throws Error that names the option which is unknown or wrong */
export function parseOptions(args: readonly string[]): StackOptions {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
  const replicas = parseReplicas(values.replicas);
  const ports = PLAIN_PORTS + replicaPortNames(replicas).length;
  return {
    once: values.once,
    demo: !values['no-demo'],
    restart: !values['no-restart'],
    dataDirectory: values['data-dir'],
    portBase: values['port-base'] === undefined ? undefined : portBase(values['port-base'], ports),
    apps: values.apps === undefined ? apps : appList(values.apps),
    replicas,
    preloads: parsePreloads(values.preload),
  };
}

/** @throws Error when one is not app=FILE */
function parsePreloads(pairs: readonly string[]): Preloads {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', file = ''] = pair.split('=');
      if (!apps.some((app) => app === name) || file === '')
        throw new Error(`--preload: "${pair}" is not app=FILE`);
      return [name, resolve(file)];
    }),
  );
}

function portBase(text: string, ports: number): number {
  const base = Number(text);
  const highest = 65_535 - ports;
  if (Number.isInteger(base) && base >= 1024 && base <= highest) return base;
  throw new Error(`--port-base is a number from 1024 to ${highest}, not "${text}"`);
}

function appList(text: string): App[] {
  const names = text.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !apps.some((app) => app === name));
  if (unknown !== undefined) throw new Error(`--apps: no app "${unknown}"; ${apps.join(', ')}`);
  return apps.filter((app) => names.includes(app));
}

/** Reads what the launchers need of the environment. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): StackEnvironment {
  return {
    linkOffset: readLinkOffset(env.STACK_LINK_OFFSET),
    kafkaBrokers: env.KAFKA_BROKERS || undefined,
    smtpUrl: env.SMTP_URL || undefined,
    sandboxSmtpUrl: env.SANDBOX_SMTP_URL || undefined,
    databaseUrls: Object.fromEntries(tiers.flatMap((tier) => externalDatabase(tier, env))),
    programs: { PATH: env.PATH ?? '', JAVA_HOME: env.JAVA_HOME ?? '' },
    sink: { journal: Boolean(env.SINK_JOURNAL), delayMs: Number(env.SINK_DELAY_MS ?? '0') },
    telemetry: pick(env, (name) => name.startsWith('OTEL_') || name === 'LOG_LEVEL'),
    tuning: Object.fromEntries(
      apps.map((app) => [app, tuningOf(app, env)]),
    ) as StackEnvironment['tuning'],
  };
}

function externalDatabase(tier: Tier, env: NodeJS.ProcessEnv): [Tier, ExternalDatabase][] {
  const prefix = `${tier.toUpperCase()}_DB`;
  const url = env[`${prefix}_URL`];
  if (!url) return [];
  const systemUrl = env[`${prefix}_SYSTEM_URL`] || undefined;
  const migratorUrl = env[`${prefix}_MIGRATOR_URL`] || undefined;
  return [[tier, { url, systemUrl, migratorUrl }]];
}

function tuningOf(app: App, env: NodeJS.ProcessEnv): Record<string, string> {
  const prefix = `${app.toUpperCase()}_`;
  return pick(env, (name) => name.startsWith(prefix) && !name.startsWith(`${prefix}DB_`));
}

function pick(env: NodeJS.ProcessEnv, wanted: (name: string) => boolean): Record<string, string> {
  const given = Object.entries(env).filter(([name]) => wanted(name));
  return Object.fromEntries(given.map(([name, value]) => [name, value ?? '']));
}
