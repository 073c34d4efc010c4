import { type Tier, tiers } from '../../stack/ports.ts';

/** What can fail, by its name in the stack. */
export interface FailingPart {
  readonly name: string;
  /** The tier that is down with it; undefined: the public API needs none of it to answer. */
  readonly tier: Tier | undefined;
  /** The app that may turn unready, or end, with it. */
  readonly app: string | undefined;
}

export const modes = ['killed', 'paused', 'slow'] as const;
/** kill -9 until it is started again; SIGSTOP; every answer 2 s late. */
export type Mode = (typeof modes)[number];

/** Each tier's service and database, Kafka, the worker, the mail server. */
export const failingParts: readonly FailingPart[] = [
  ...tiers.map((tier) => ({ name: tier, tier, app: tier })),
  ...tiers.map((tier) => ({ name: `${tier}-db`, tier, app: tier })),
  { name: 'kafka', tier: undefined, app: undefined },
  { name: 'worker', tier: undefined, app: 'worker' },
  { name: 'smtp', tier: undefined, app: undefined },
];

/** One failure of one part. */
export interface Cell {
  readonly part: FailingPart;
  readonly mode: Mode;
}

export const cellName = ({ part, mode }: Cell): string => `${part.name}/${mode}`;

/** Every cell, or those named `part/mode` with commas between. @throws Error for a name that is none */
export function cellsOf(only: string | undefined): Cell[] {
  const all = failingParts.flatMap((part) => modes.map((mode) => ({ part, mode })));
  if (only === undefined) return all;
  return only.split(',').map((name) => {
    const cell = all.find((one) => cellName(one) === name);
    if (cell) return cell;
    throw new Error(`no cell "${name}"; cells: ${all.map(cellName).join(', ')}`);
  });
}
