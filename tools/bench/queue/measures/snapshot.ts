import { asAdmin } from '../admin.ts';
import {
  databaseUs,
  drainAll,
  type Drained,
  type Figures,
  jobsFor,
  load,
  type Run,
  warmUp,
} from '../run.ts';

const CONCURRENCY = 10;

/**
 * A drain while some session holds an old snapshot, against the same drain without: nothing that
 * the drain leaves dead can be cleaned away. Which of the two goes first changes from repetition to
 * repetition.
 */
export async function measureSnapshot(run: Run): Promise<Figures> {
  await warmUp(run);
  const jobs = jobsFor(run, run.sizes.snapshotJobs);
  const clean = async (): Promise<Drained> => {
    await load(run, jobs);
    return drainAll(run, CONCURRENCY, jobs);
  };
  const heldFirst = run.repetition % 2 === 1;
  const first = heldFirst ? await held(run, jobs) : await clean();
  const second = heldFirst ? await clean() : await held(run, jobs);
  const [without, beside] = heldFirst ? [second, first] : [first, second];
  return {
    snapshot_clean: without.perSecond,
    snapshot_clean_db_us: databaseUs(without),
    snapshot_held: beside.perSecond,
    snapshot_held_db_us: databaseUs(beside),
    snapshot_ratio: beside.perSecond / without.perSecond,
  };
}

async function held(run: Run, jobs: number): Promise<Drained> {
  await load(run, jobs);
  return asAdmin(run.urls.admin, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query('SELECT count(*) FROM pg_class');
    const drained = await drainAll(run, CONCURRENCY, jobs);
    await client.query('ROLLBACK');
    return drained;
  });
}
