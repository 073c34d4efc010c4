import { describe, expect, it } from '@jest/globals';
import { figureRows } from './figure-list.ts';
import { Handled } from './handled.ts';
import { readOptions, repetitionsOf } from './options.ts';
import { percentile } from './percentile.ts';
import type { Figures } from './run.ts';
import { ratioToBestPeer, resultTable } from './result-table.ts';
import { contendersNamed } from './contenders/all-contenders.ts';

const columns = [
  { name: 'ours', role: 'ours' },
  { name: 'slow', role: 'peer' },
  { name: 'fast', role: 'peer' },
  { name: 'rod', role: 'yardstick' },
] as const;

const results = new Map<string, Figures[]>([
  ['ours', [{ drain_c10: 40_000, latency_p99: 4 }, { drain_c10: 20_000 }, { drain_c10: 30_000 }]],
  ['slow', [{ drain_c10: 10_000, latency_p99: 2 }]],
  ['fast', [{ drain_c10: 20_000, latency_p99: 3 }]],
  ['rod', [{ drain_c10: 90_000, latency_p99: 1 }]],
]);

function rowOf(name: string) {
  const row = figureRows.find((each) => each.name === name);
  if (!row) throw new Error(name);
  return row;
}

describe('percentile', () => {
  it('is the smallest figure that so many do not exceed', () => {
    const figures = Array.from({ length: 200 }, (_, at) => 200 - at);
    expect([50, 95, 99, 100].map((percent) => percentile(figures, percent))).toEqual([
      100, 190, 198, 200,
    ]);
    expect(percentile([7], 1)).toBe(7);
  });

  it('refuses to say something about nothing', () => {
    expect(() => percentile([], 50)).toThrow(RangeError);
  });
});

describe('the table', () => {
  it('compares medians with the best peer, a yardstick aside; above 1 is always better', () => {
    expect(ratioToBestPeer(columns, results, rowOf('drain_c10'))).toBe(1.5);
    expect(ratioToBestPeer(columns, results, rowOf('latency_p99'))).toBe(0.5);
    expect(ratioToBestPeer(columns, results, rowOf('add_one'))).toBeUndefined();
    const none = new Map([
      ['ours', [{ drain_duplicates: 0 }]],
      ['slow', [{ drain_duplicates: 0 }]],
    ]);
    expect(ratioToBestPeer(columns, none, rowOf('drain_duplicates'))).toBeUndefined();
  });

  it('has a row for each figure that somebody has, with its spread', () => {
    expect(resultTable(columns, results).split('\n')).toEqual([
      '| figure | goal | ours | slow | fast | rod | ours to best peer |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      '| drain, concurrency 10, jobs/s | 40,000 | 30,000 [20,000–40,000] | 10,000 | 20,000 | 90,000 | 1.50 |',
      '| … p99, ms | 6 | 4 | 2 | 3 | 1 | 0.50 |',
    ]);
  });
});

describe('handled jobs', () => {
  const job = (n: number, tenant: 'a' | 'b' = 'a') => ({ n, tenant, text: '' });

  it('counts each once and tells of those that came again', () => {
    const handled = new Handled(10);
    [3, 9, 3, 0].forEach((n) => handled.take(job(n)));
    expect([handled.count, handled.duplicates]).toEqual([3, 1]);
  });

  it('tells when so many were handled, of all and of tenant b', async () => {
    const handled = new Handled(10);
    const [two, oneOfB] = [handled.reached(2), handled.reachedOfB(1)];
    [job(1), job(1), job(2, 'b')].forEach(handled.take);
    expect(await two).toBeGreaterThanOrEqual(handled.firstAt);
    expect(await oneOfB).toBeGreaterThanOrEqual(handled.firstAt);
    expect(handled.ofB).toBe(1);
  });
});

describe('options', () => {
  it('take a part of the measures and contenders, and other sizes', () => {
    const options = readOptions([
      ...['--only', 'drain,latency', '--contenders', 'ours,pgboss'],
      ...['--jobs', '500', '--repetitions', '2'],
    ]);
    expect(options.measures).toEqual(['drain', 'latency']);
    expect(options.sizes).toMatchObject({ jobs: 500, backlog: 1_000_000 });
    expect(options.repetitions).toBe(2);
    expect(contendersNamed(options.contenders).map(({ name }) => name)).toEqual([
      'ours',
      'pg-boss-batched',
      'pg-boss-single',
      'pg-boss-shipped',
    ]);
  });

  it('measure once what takes minutes', () => {
    const options = readOptions(['--repetitions', '3']);
    expect(repetitionsOf('drain', 'single', options)).toBe(3);
    expect(repetitionsOf('pending', 'batched', options)).toBe(3);
    expect(repetitionsOf('pending', 'single', options)).toBe(1);
    expect(repetitionsOf('idle', 'batched', options)).toBe(1);
  });

  it('are refused when they mean nothing', () => {
    expect(() => readOptions(['--only', 'drian'])).toThrow('no measure "drian"');
    expect(() => readOptions(['--jobs', '0'])).toThrow('not a number');
    expect(() => contendersNamed(['river'])).toThrow('no contender "river"');
  });
});
