import { cpus } from 'node:os';

/** Three significant digits. */
export const rounded = (value: number): number => Number(value.toPrecision(3));

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spread(figures: readonly number[]): Spread {
  const sorted = figures.map(rounded).sort((one, other) => one - other);
  return { min: sorted[0], median: sorted[sorted.length >> 1], max: sorted[sorted.length - 1] };
}

/** One JSON line on standard output. */
export function report(metric: string, figures: Record<string, unknown>): void {
  const line = { metric, ...figures, cores: cpus().length, at: new Date().toISOString() };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
