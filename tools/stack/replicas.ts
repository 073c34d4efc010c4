import { type App, apps } from './ports.ts';

/** How many processes of an app run; one of each that is not named. */
export type ReplicaCounts = Partial<Record<App, number>>;

/** One process of an app. */
export interface Replica {
  app: App;
  /** From 1. */
  number: number;
  /** Name of the part, its log and its ports: `oltp`, `oltp-2`, `oltp-3`. */
  name: string;
}

/** Of one app. */
export const MOST_REPLICAS = 9;

/** @throws Error when it is not `app=count,…` with counts from 1 to 9 */
export function parseReplicas(text: string): ReplicaCounts {
  const pairs = text.split(',').filter((pair) => pair !== '');
  return Object.fromEntries(pairs.map(parsePair)) as ReplicaCounts;
}

function parsePair(pair: string): [App, number] {
  const [name, count] = pair.split('=');
  const app = apps.find((candidate) => candidate === name);
  if (app === undefined) throw new Error(`--replicas: no app "${name}"; ${apps.join(', ')}`);
  const number = Number(count);
  if (Number.isInteger(number) && number >= 1 && number <= MOST_REPLICAS) return [app, number];
  throw new Error(`--replicas: "${pair}" is not app=count with a count from 1 to ${MOST_REPLICAS}`);
}

/** The process that runs of every app. */
export const firstReplica = (app: App): Replica => ({ app, number: 1, name: app });

/** The processes of one app. */
export function replicasOf(app: App, counts: ReplicaCounts): Replica[] {
  const numbers = Array.from({ length: counts[app] ?? 1 }, (_, index) => index + 1);
  return numbers.map((number) => ({ app, number, name: replicaName(app, number) }));
}

const replicaName = (app: App, number: number): string => (number === 1 ? app : `${app}-${number}`);

/** True where callers need a front to reach all processes; nobody calls the worker. */
export const needsFront = (app: App, counts: ReplicaCounts): boolean =>
  app !== 'worker' && (counts[app] ?? 1) > 1;

/**
 * Names of the ports that replicas take beside those of a plain stack: a front per replicated app,
 * and a pair for each process but the first.
 */
export function replicaPortNames(counts: ReplicaCounts): string[] {
  return apps.flatMap((app) => [
    ...(needsFront(app, counts) ? [`${app}-front`] : []),
    ...replicasOf(app, counts)
      .slice(1)
      .flatMap(({ name }) => [name, `${name}-metrics`]),
  ]);
}
