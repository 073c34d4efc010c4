import { apps, tiers } from '../stack/ports.ts';
import { pick, shuffled } from './random.ts';

/** What is done to a part. A pause is SIGSTOP to all of its processes, SIGCONT after `pauseMs`. */
export interface Fault {
  /** Name for `--only` and for the report, such as `worker-kill` or `queue-db-pause-long`. */
  name: string;
  /** The app, database, `kafka` or `smtp` that is hit. */
  target: string;
  /** 0: kill -9; the supervisor starts it again at once. */
  pauseMs: number;
}

const SHORT_MS = 10_000;
/** Longer than a lease of 30 s. */
const LONG_MS = 40_000;
const LONG_TARGETS = ['worker', 'queue', 'queue-db'];

const targets = [...apps, ...tiers.map((tier) => `${tier}-db`), 'kafka', 'smtp'];

/** Every fault of a round: kill and pause of each part, and a pause over a lease where leases are. */
export const faults: readonly Fault[] = [
  ...targets.map((target) => ({ name: `${target}-kill`, target, pauseMs: 0 })),
  ...targets.map((target) => ({ name: `${target}-pause`, target, pauseMs: SHORT_MS })),
  ...LONG_TARGETS.map((target) => ({ name: `${target}-pause-long`, target, pauseMs: LONG_MS })),
];

/** A fault in one round, and the process that it hits. */
export interface PlannedFault extends Fault {
  part: string;
}

/**
 * The schedule that a seed gives: every fault once in random order before any comes again, each on a
 * random replica.
 *
 * @param replicas names of the parts of an app
 * @param only names of the faults to repeat, all of them when undefined
 */
export function schedule(
  rounds: number,
  random: () => number,
  replicas: (target: string) => readonly string[],
  only?: readonly string[],
): PlannedFault[] {
  const unknown = only?.find((name) => !names().includes(name));
  if (unknown !== undefined) throw new Error(`no fault "${unknown}"; ${names().join(', ')}`);
  const candidates = faults.filter(({ name }) => only === undefined || only.includes(name));
  const planned: PlannedFault[] = [];
  while (planned.length < rounds) {
    const turn = shuffled(candidates, random).slice(0, rounds - planned.length);
    planned.push(
      ...turn.map((fault) => ({ ...fault, part: pick(replicas(fault.target), random) })),
    );
  }
  return planned;
}

const names = (): string[] => faults.map(({ name }) => name);
