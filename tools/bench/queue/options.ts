import { parseArgs } from 'node:util';

/** What can be measured, in the order in which it runs. */
export const measureNames = [
  'drain',
  'add',
  'latency',
  'pending',
  'finished',
  'snapshot',
  'idle',
] as const;
export type MeasureName = (typeof measureNames)[number];

/** Sizes of the measures. */
export interface Sizes {
  /** Jobs of one drain by a contender that works in batches; the others get a sixth of it. */
  readonly jobs: number;
  /** Jobs to warm up with, in the same way. */
  readonly warmUp: number;
  /** Rows in the large backlog and in the large history. */
  readonly backlog: number;
  readonly samples: number;
  /** Jobs of a drain beside an old snapshot. */
  readonly snapshotJobs: number;
  readonly idleSeconds: number;
  /** How long tenant B may wait behind tenant A's backlog before nobody waits any longer. */
  readonly patienceSeconds: number;
}

export interface BenchOptions {
  readonly measures: readonly MeasureName[];
  /** Names, or beginnings of names, of contenders; empty: all. */
  readonly contenders: readonly string[];
  readonly repetitions: number;
  readonly sizes: Sizes;
}

/** Measures that take minutes for a contender that commits once per job. */
const LONG: readonly MeasureName[] = ['pending', 'finished', 'snapshot'];

/** How often a contender is measured: a waiting one, and a slow one in a long measure, only once. */
export function repetitionsOf(
  measure: MeasureName,
  pace: 'batched' | 'single',
  { repetitions }: BenchOptions,
): number {
  const once = measure === 'idle' || (pace === 'single' && LONG.includes(measure));
  return once ? 1 : repetitions;
}

const whole: Sizes = {
  jobs: 30_000,
  warmUp: 20_000,
  backlog: 1_000_000,
  samples: 250,
  snapshotJobs: 100_000,
  idleSeconds: 60,
  patienceSeconds: 30,
};

const short: Sizes = {
  jobs: 6_000,
  warmUp: 3_000,
  backlog: 30_000,
  samples: 40,
  snapshotJobs: 12_000,
  idleSeconds: 6,
  patienceSeconds: 10,
};

/** @throws Error for a measure that does not exist or a number that is none */
export function readOptions(argv: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', default: measureNames.join(',') },
      contenders: { type: 'string', default: '' },
      jobs: { type: 'string' },
      backlog: { type: 'string' },
      'idle-seconds': { type: 'string' },
      repetitions: { type: 'string' },
      short: { type: 'boolean', default: false },
    },
  });
  const base = values.short ? short : whole;
  return {
    measures: listed(values.only).map(measureNamed),
    contenders: listed(values.contenders),
    repetitions: count(values.repetitions, values.short ? 1 : 3),
    sizes: {
      ...base,
      jobs: count(values.jobs, base.jobs),
      backlog: count(values.backlog, base.backlog),
      idleSeconds: count(values['idle-seconds'], base.idleSeconds),
    },
  };
}

function listed(text: string): string[] {
  return text.split(',').filter((word) => word !== '');
}

function measureNamed(name: string): MeasureName {
  const found = measureNames.find((known) => known === name);
  if (!found) throw new Error(`no measure "${name}"; there are ${measureNames.join(', ')}`);
  return found;
}

function count(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`not a number of things: ${text}`);
  return value;
}
