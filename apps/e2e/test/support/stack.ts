import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readEndToEndConfig } from '../../src/e2e.config.js';

export const tiers = ['oltp', 'content', 'olap', 'queue', 'notifications'] as const;
export type Tier = (typeof tiers)[number];
type App = Tier | 'gateway' | 'worker';

/** What of `stack.json` the tests use. */
export interface Stack {
  readonly gateway: { readonly url: string };
  readonly keys: { readonly platform: string };
  readonly kafka: { readonly brokers: string; readonly pid: number };
  readonly databases: Readonly<Record<Tier, { readonly admin_url: string; readonly pid: number }>>;
  readonly smtp: { readonly inbox_url: string; readonly pid: number };
  readonly processes: Readonly<Record<App, { readonly pid: number; readonly metrics_url: string }>>;
  readonly node: string;
}

const { stackFile } = readEndToEndConfig();
const root = fileURLToPath(new URL('../../../..', import.meta.url));
const run = promisify(execFile);

/** The description as it stands now: it is rewritten when a part gets another pid. */
export const readStack = (): Stack => JSON.parse(readFileSync(stackFile, 'utf8')) as Stack;

export const dataDirectory = dirname(stackFile);

const hurt = new Set<string>();

/** Whether a test of this file has a part down or paused. */
export const isHurt = (): boolean => hurt.size > 0;

/** Whether it is the name of a tier whose service no test has down or paused. */
export const isLivingTier = (name: unknown): boolean =>
  tiers.some((tier) => tier === name && !hurt.has(tier));

/** `npm run stack -- <command> <part>`; settles when it has been done, `start` when the part serves. */
export async function tellStack(
  command: 'stop' | 'start' | 'kill' | 'pause' | 'resume',
  part: string,
): Promise<void> {
  const heals = command === 'start' || command === 'resume';
  if (!heals) hurt.add(part);
  const script = 'tools/stack/stack-command.ts';
  const args = [script, command, part, '--data-dir', dataDirectory];
  await run(readStack().node, args, { cwd: root });
  if (heals) hurt.delete(part);
}

/** kill -9; the part stays down until `start`. */
export async function crash(part: string): Promise<void> {
  await tellStack('kill', part);
  await tellStack('stop', part);
}

/** Pid of every part by name, null where it is down. */
export function pids(): Record<string, number | null> {
  const { processes, databases, kafka, smtp } = readStack();
  const apps = Object.entries(processes).map(([name, { pid }]) => [name, pid]);
  const clusters = Object.entries(databases).map(([name, { pid }]) => [`${name}-db`, pid]);
  return Object.fromEntries([...apps, ...clusters, ['kafka', kafka.pid], ['smtp', smtp.pid]]);
}
