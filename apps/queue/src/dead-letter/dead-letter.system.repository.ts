import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { DEAD_LETTER_COLUMNS, type DeadLetter, type DeadLetterDetails } from './dead-letter.js';
import { boundValues, type DeadLetterFilter, letterConditions } from './dead-letter-filter.js';

export interface DeadLetterPage {
  readonly limit: number;
  readonly filter: DeadLetterFilter;
  /** undefined: both kinds. */
  readonly redriven?: boolean;
  /** The page begins after this letter. */
  readonly after?: { readonly diedAt: string; readonly id: string };
}

/** How many letters of a kind there are. */
export interface LetterCount {
  readonly type: string;
  readonly error_code: string;
  readonly count: number;
}

const FIND = `
SELECT d.tenant_id, ${DEAD_LETTER_COLUMNS}, d.payload - 'storage_key' AS payload, d.tries
FROM dead_letters d WHERE d.id = $1`;

/** Reads dead letters of all tenants. */
@Injectable()
export class DeadLetterSystemRepository {
  /** Latest first; one letter more than the page has, if there is one. */
  async list(tx: SystemTransaction, page: DeadLetterPage): Promise<DeadLetter[]> {
    const { values, bind } = boundValues();
    const conditions = ['TRUE', ...letterConditions(page.filter, bind)];
    if (page.redriven !== undefined)
      conditions.push(`d.redriven_at IS ${page.redriven ? 'NOT NULL' : 'NULL'}`);
    if (page.after) {
      const [diedAt, id] = [bind(page.after.diedAt), bind(page.after.id)];
      conditions.push(`d.died_at <= ${diedAt} AND (d.died_at < ${diedAt} OR d.id > ${id})`);
    }
    const { rows } = await tx.query<DeadLetter>(
      `SELECT d.tenant_id, ${DEAD_LETTER_COLUMNS} FROM dead_letters d WHERE ${conditions.join(' AND ')}
       ORDER BY d.died_at DESC, d.id LIMIT ${bind(page.limit + 1)}`,
      values,
    );
    return rows;
  }

  async find(tx: SystemTransaction, id: string): Promise<DeadLetterDetails | undefined> {
    return (await tx.query<DeadLetterDetails>(FIND, [id])).rows.at(0);
  }

  /** Counts those that were not redriven yet, the most frequent first. */
  async count(tx: SystemTransaction, filter: DeadLetterFilter): Promise<LetterCount[]> {
    const { values, bind } = boundValues();
    const conditions = ['d.redriven_at IS NULL', ...letterConditions(filter, bind)];
    const LETTER_COUNTS = `
      SELECT d.job_type AS type, d.error_code, count(*)::int AS count
      FROM dead_letters d WHERE ${conditions.join(' AND ')}
      GROUP BY d.job_type, d.error_code ORDER BY count DESC, type, error_code`;
    return (await tx.query<LetterCount>(LETTER_COUNTS, values)).rows;
  }
}
