import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { HORIZON_HOLDERS } from './horizon-holders.js';

/** What decides whether vacuum can work on the hot table. */
export interface VacuumState {
  /** For how long the oldest transaction has been open, in seconds; a minute less at most. */
  readonly horizonAge: number;
  /** Versions of rows in job_queue that nobody needs and vacuum has not removed. */
  readonly deadTuples: number;
  /** Whether autovacuum looks after job_queue. */
  readonly isAutovacuumOn: boolean;
}

/** A holder of now has held since the first mark that has it. */
const STATE = `
WITH mark AS (
  SELECT min(m.marked_at) AS held_at
  FROM horizon_marks m
  WHERE m.holders && ARRAY(${HORIZON_HOLDERS})
)
SELECT
  coalesce(extract(epoch FROM now() - mark.held_at), 0)::float8 AS "horizonAge",
  coalesce((
    SELECT t.n_dead_tup FROM pg_stat_user_tables t WHERE t.relid = 'job_queue'::regclass
  ), 0)::float8 AS "deadTuples",
  current_setting('autovacuum')::boolean AND NOT EXISTS (
    SELECT FROM pg_class c, pg_options_to_table(c.reloptions) o
    WHERE c.oid = 'job_queue'::regclass
      AND o.option_name = 'autovacuum_enabled' AND NOT o.option_value::boolean
  ) AS "isAutovacuumOn"
FROM mark`;

/** A week of marks is more than anybody keeps a transaction open. */
const FORGET_MARKS = `DELETE FROM horizon_marks WHERE marked_at < now() - interval '7 days'`;

/** What the database says about its vacuum. */
@Injectable()
export class VacuumSystemRepository {
  async state(tx: SystemTransaction): Promise<VacuumState> {
    const { rows } = await tx.query<VacuumState>(STATE);
    return rows[0];
  }

  async forgetMarks(tx: SystemTransaction): Promise<void> {
    await tx.query(FORGET_MARKS);
  }
}
