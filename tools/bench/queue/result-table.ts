import { spread } from '../figures.ts';
import type { ContenderDescription } from './contender.ts';
import { type FigureRow, figureRows } from './figure-list.ts';
import type { Figures } from './run.ts';

/** The figures of one contender's repetitions, by name; a measure that it has not is absent. */
export type Results = ReadonlyMap<string, readonly Figures[]>;

type Column = Pick<ContenderDescription, 'name' | 'role'>;

/**
 * One Markdown table, a row per figure that anybody has: median and spread of every contender, and
 * how ours stands to the best peer (medians; above 1 is better, whatever the figure).
 */
export function resultTable(columns: readonly Column[], results: Results): string {
  const rows = figureRows.filter((row) =>
    columns.some(({ name }) => figuresOf(results, name, row).length > 0),
  );
  const head = ['figure', 'goal', ...columns.map(({ name }) => name), 'ours to best peer'];
  const body = rows.map((row) => [
    row.title,
    row.goal === undefined ? '' : shown(row.goal),
    ...columns.map(({ name }) => cell(figuresOf(results, name, row))),
    ratioCell(columns, results, row),
  ]);
  return markdown([head, ...body]);
}

/** Ours to the best peer: above 1 is better. Undefined when one of them has no such figure. */
export function ratioToBestPeer(
  columns: readonly Column[],
  results: Results,
  row: FigureRow,
): number | undefined {
  if (row.counted) return undefined;
  const mediansOf = (role: Column['role']): number[] =>
    columns
      .filter((column) => column.role === role)
      .map(({ name }) => figuresOf(results, name, row))
      .filter((figures) => figures.length > 0)
      .map((figures) => spread(figures).median);
  const [own] = mediansOf('ours');
  const peers = mediansOf('peer');
  if (own === undefined || peers.length === 0) return undefined;
  return row.better === 'more' ? own / Math.max(...peers) : Math.min(...peers) / own;
}

function figuresOf(results: Results, contender: string, { name }: FigureRow): number[] {
  const figures = results.get(contender) ?? [];
  return figures.map((each) => each[name]).filter((value) => value !== undefined);
}

function cell(figures: readonly number[]): string {
  if (figures.length === 0) return '–';
  const { min, median, max } = spread(figures);
  if (figures.length === 1) return shown(median);
  return `${shown(median)} [${shown(min)}–${shown(max)}]`;
}

function ratioCell(columns: readonly Column[], results: Results, row: FigureRow): string {
  const ratio = ratioToBestPeer(columns, results, row);
  return ratio === undefined ? '–' : ratio.toFixed(2);
}

const grouped = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

function shown(value: number): string {
  return grouped.format(value);
}

function markdown([head, ...body]: readonly string[][]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n');
}
