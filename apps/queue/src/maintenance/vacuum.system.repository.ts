import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';

/** What decides whether vacuum can work on the hot table. */
export interface VacuumState {
  /** For how long the oldest snapshot has been held, in seconds, a minute less at most. */
  readonly horizonAge: number;
  /** Versions of rows in job_queue that nobody needs and vacuum has not removed. */
  readonly deadTuples: number;
  /** Whether autovacuum looks after job_queue. */
  readonly isAutovacuumOn: boolean;
}

/**
 * The horizon is the oldest transaction that a session, a replication slot or a prepared transaction
 * still needs, counted in transactions before the next one. It has been held since before the first
 * mark that is younger.
 */
const STATE = `
WITH horizon AS (
  SELECT max(age) AS age FROM (
    SELECT greatest(age(a.backend_xmin), age(a.backend_xid)) AS age
    FROM pg_stat_activity a
    WHERE a.pid <> pg_backend_pid() AND (a.datname = current_database() OR a.datname IS NULL)
    UNION ALL SELECT age(s.xmin) FROM pg_replication_slots s
    UNION ALL SELECT age(p.transaction) FROM pg_prepared_xacts p
    WHERE p.database = current_database()
  ) held
), mark AS (
  SELECT min(m.marked_at) AS held_at
  FROM horizon_marks m, horizon h
  WHERE pg_snapshot_xmax(pg_current_snapshot())::text::bigint - m.next_xid::text::bigint < h.age
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

/** A week of marks is more than any snapshot is held for. */
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
