import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import type { DeadLetter } from './dead-letter.js';
import type { DeadLetterFilter } from './dead-letter-filter.js';
import { DeadLetterSystemRepository, type LetterCount } from './dead-letter.system.repository.js';

/** What a redrive would take. */
export interface RedrivePreview {
  readonly count: number;
  /** Most frequent first. */
  readonly by_type: readonly { readonly type: string; readonly count: number }[];
  readonly by_error_code: readonly { readonly error_code: string; readonly count: number }[];
  /** The latest of them. */
  readonly sample: readonly DeadLetter[];
}

const SAMPLE = 10;

/** Says what a redrive by this filter would take, and changes nothing. */
@Injectable()
export class PreviewRedrive {
  constructor(
    private readonly database: SystemDatabase,
    private readonly letters: DeadLetterSystemRepository,
  ) {}

  async execute(filter: DeadLetterFilter): Promise<RedrivePreview> {
    const page = { filter, redriven: false, limit: SAMPLE };
    const [counts, sample] = await this.database.transaction(
      async (tx) => [await this.letters.count(tx, filter), await this.letters.list(tx, page)],
      { readOnly: true, isolation: 'repeatable read' },
    );
    return {
      count: sumOf(counts),
      by_type: tally(counts, ({ type }) => type).map(([type, count]) => ({ type, count })),
      by_error_code: tally(counts, ({ error_code }) => error_code).map(([error_code, count]) => ({
        error_code,
        count,
      })),
      sample: sample.slice(0, SAMPLE),
    };
  }
}

const sumOf = (counts: readonly LetterCount[]): number =>
  counts.reduce((sum, { count }) => sum + count, 0);

function tally(
  counts: readonly LetterCount[],
  keyOf: (count: LetterCount) => string,
): [string, number][] {
  const groups = [...Map.groupBy(counts, keyOf)];
  return groups
    .map(([key, group]): [string, number] => [key, sumOf(group)])
    .sort(([, a], [, b]) => b - a);
}
