import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { internalUrl, metricsUrl } from './apps/environment.ts';
import { processesOf, type StackPlan } from './plan.ts';
import type { Tier } from './ports.ts';
import { tiers } from './ports.ts';
import { nodePath } from './repository.ts';
import type { DemoTenant } from './secrets.ts';

/** The running stack as other tools see it; `<data-dir>/stack.json`, mode 600. */
export interface StackDescription {
  gateway: { url: string };
  keys: { platform: string | null; tenants: DemoTenant[] };
  kafka: { brokers: string; pid: number | null };
  databases: Record<Tier, DatabaseDescription>;
  smtp: { host: string; port: number; inbox_url: string | null; pid: number | null };
  /** By part: an app's name, and `<app>-2` and so on for its replicas. */
  processes: Record<string, ProcessDescription>;
  /** The Node that runs the apps. */
  node: string;
  data_dir: string;
  supervisor_pid: number;
}

export interface DatabaseDescription {
  app_url: string;
  system_url: string;
  admin_url: string;
  /** Null for a database that the stack has not started. */
  pid: number | null;
}

export interface ProcessDescription {
  pid: number | null;
  /** Null for the worker, which nobody calls. */
  internal_url: string | null;
  metrics_url: string;
}

/** `pid`: the present process of a part, null when it is down or runs elsewhere. */
export function describeStack(
  plan: StackPlan,
  pid: (part: string) => number | null,
): StackDescription {
  const { secrets, environment } = plan;
  const relay = new URL(plan.smtpUrl);
  return {
    gateway: { url: plan.publicUrl },
    keys: { platform: secrets.platform_key, tenants: secrets.tenants },
    kafka: { brokers: plan.kafkaBrokers, pid: pid('kafka') },
    databases: databases(plan, pid),
    smtp: {
      host: relay.hostname,
      port: Number(relay.port || '25'),
      inbox_url: environment.smtpUrl === undefined ? inboxUrl(plan) : null,
      pid: pid('smtp'),
    },
    processes: processes(plan, pid),
    node: nodePath,
    data_dir: plan.dataDirectory,
    supervisor_pid: process.pid,
  };
}

export const inboxUrl = (plan: StackPlan): string => `http://127.0.0.1:${plan.ports.inbox}`;

function databases(
  plan: StackPlan,
  pid: (part: string) => number | null,
): Record<Tier, DatabaseDescription> {
  const all = tiers.map((tier) => {
    const { app, system, admin } = plan.databases[tier].urls;
    const urls = { app_url: app, system_url: system, admin_url: admin };
    return [tier, { ...urls, pid: pid(`${tier}-db`) }];
  });
  return Object.fromEntries(all) as Record<Tier, DatabaseDescription>;
}

function processes(
  plan: StackPlan,
  pid: (part: string) => number | null,
): StackDescription['processes'] {
  const all = processesOf(plan).map((replica) => {
    const internal_url = internalUrl(plan, replica);
    const urls = { internal_url, metrics_url: metricsUrl(plan, replica) };
    return [replica.name, { pid: pid(replica.name), ...urls }] as const;
  });
  return Object.fromEntries(all);
}

const fileOf = (dataDirectory: string): string => join(dataDirectory, 'stack.json');

/** Replaced as a whole: a reader never sees half of it. */
export function writeStackFile(description: StackDescription): void {
  const file = fileOf(description.data_dir);
  writeFileSync(`${file}.draft`, `${JSON.stringify(description, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.draft`, file);
}

export function removeStackFile(dataDirectory: string): void {
  rmSync(fileOf(dataDirectory), { force: true });
}

/** Undefined when no stack is ready in that directory. */
export function readStackFile(dataDirectory: string): StackDescription | undefined {
  const file = fileOf(dataDirectory);
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as StackDescription;
}
