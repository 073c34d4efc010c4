import { cpus } from 'node:os';

/** Three significant digits: more would say more than a run can know. */
export const rounded = (value: number): number => Number(value.toPrecision(3));

export interface Spread {
  min: number;
  median: number;
  max: number;
}

/** @throws RangeError without any figure */
export function spread(figures: readonly number[]): Spread {
  const sorted = figures.map(rounded).sort((a, b) => a - b);
  const [min, median, max] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  if (min === undefined || median === undefined || max === undefined)
    throw new RangeError('no figures');
  return { min, median, max };
}

/** One figure as one JSON line on stdout. */
export function report(metric: string, figures: Record<string, unknown>): void {
  const line = { metric, ...figures, cores: cpus().length, at: new Date().toISOString() };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
