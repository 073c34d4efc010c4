import type pg from 'pg';
import type { NewJob } from '../new-jobs.ts';
import type { JournalLine } from '../worker/journal-line.ts';

/** How a job ended, as history has it. */
export interface EndedJob {
  readonly id: string;
  readonly status: string;
  readonly outcome: string;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly leaseLosses: number;
  /** Who held the lease of the try that completed it; null for other ends. */
  readonly leasedBy: string | null;
}

/** A try that did not complete its job. */
export interface KeptTry {
  readonly id: string;
  readonly attempt: number;
  readonly outcome: string;
  readonly leasedBy: string;
}

/** A worker that was taken away with jobs in hand. */
export interface Strike {
  /** Its id at the queue. */
  readonly worker: string;
  /** When (monotonic ms). */
  readonly at: number;
  readonly held: ReadonlySet<string>;
  /** Its jobs must be begun again in time; false: it comes back itself. */
  readonly forGood: boolean;
}

/** Everything that is known about the jobs of a round. */
export interface Facts {
  readonly jobs: readonly NewJob[];
  readonly ended: readonly EndedJob[];
  readonly tries: readonly KeptTry[];
  /** Tries that each dead letter tells of, by job. */
  readonly letters: ReadonlyMap<string, number>;
  /** Jobs still in the hot table. */
  readonly left: number;
  readonly journal: readonly JournalLine[];
  readonly strikes: readonly Strike[];
  /** A lease may have been lost of which its worker never heard. */
  readonly losesAnswers: boolean;
}

type DatabaseFacts = Pick<Facts, 'ended' | 'tries' | 'letters' | 'left'>;

/** What the database says about these jobs. */
export async function databaseFacts(
  admin: pg.Pool,
  jobs: readonly NewJob[],
): Promise<DatabaseFacts> {
  const ids = [jobs.map(({ id }) => id)];
  const ended = await admin.query<EndedJob>(
    `SELECT id, status, outcome, attempts, max_attempts AS "maxAttempts",
       lease_losses AS "leaseLosses", leased_by AS "leasedBy"
     FROM job_history WHERE id = ANY ($1)`,
    ids,
  );
  const tries = await admin.query<KeptTry>(
    `SELECT job_id AS id, attempt, outcome, leased_by AS "leasedBy"
     FROM job_attempts WHERE job_id = ANY ($1)`,
    ids,
  );
  const letters = await admin.query<{ id: string; tries: number }>(
    `SELECT job_id AS id, jsonb_array_length(tries) AS tries
     FROM dead_letters WHERE job_id = ANY ($1)`,
    ids,
  );
  const left = await admin.query('SELECT FROM job_queue WHERE id = ANY ($1)', ids);
  return {
    ended: ended.rows,
    tries: tries.rows,
    letters: new Map(letters.rows.map((letter) => [letter.id, letter.tries])),
    left: left.rowCount ?? 0,
  };
}
