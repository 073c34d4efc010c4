import type pg from 'pg';
import type { NewJob } from '../new-jobs.ts';
import type { Strike } from './facts.ts';

/** A lease that ran out, and whose it was. */
export interface LeaseLoss {
  readonly id: string;
  readonly leasedBy: string;
}

const WATCH = `
CREATE SCHEMA verify;
CREATE TABLE verify.lease_losses (job_id uuid NOT NULL, leased_by text NOT NULL);
CREATE FUNCTION verify.note_lease_loss() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO verify.lease_losses VALUES (OLD.id, OLD.leased_by);
  RETURN NULL;
END $$;
CREATE TRIGGER note_lease_loss AFTER UPDATE OF lease_losses ON job_queue FOR EACH ROW
WHEN (NEW.lease_losses > OLD.lease_losses) EXECUTE FUNCTION verify.note_lease_loss()`;

/** Notes from now on who loses leases: the row itself forgets it. */
export async function watchLeaseLosses(admin: pg.Pool): Promise<void> {
  await admin.query(WATCH);
}

export async function lossesOf(admin: pg.Pool, jobs: readonly NewJob[]): Promise<LeaseLoss[]> {
  const { rows } = await admin.query<LeaseLoss>(
    `SELECT job_id AS id, leased_by AS "leasedBy" FROM verify.lease_losses
     WHERE job_id = ANY ($1)`,
    [jobs.map(({ id }) => id)],
  );
  return rows;
}

/**
 * A worker that was struck also held what it lost later: a lease that it had asked for before it went
 * comes into being whenever the queue gets to it.
 */
export function withLosses(strikes: readonly Strike[], losses: readonly LeaseLoss[]): Strike[] {
  const byWorker = Map.groupBy(losses, ({ leasedBy }) => leasedBy);
  return strikes.map((strike) => {
    const lost = byWorker.get(strike.worker) ?? [];
    return { ...strike, held: new Set([...strike.held, ...lost.map(({ id }) => id)]) };
  });
}

/** Workers that lost leases and were not struck, each with how many. */
export function losersOf(
  strikes: readonly Strike[],
  losses: readonly LeaseLoss[],
): ReadonlyMap<string, number> {
  const struck = new Set(strikes.map(({ worker }) => worker));
  const others = losses.filter(({ leasedBy }) => !struck.has(leasedBy));
  const byWorker = Map.groupBy(others, ({ leasedBy }) => leasedBy);
  return new Map([...byWorker].map(([worker, lost]) => [worker, lost.length]));
}
