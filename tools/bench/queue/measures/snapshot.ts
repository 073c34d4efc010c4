import { asAdmin } from '../admin.ts';
import { drainAll, type Figures, jobsFor, load, type Run, warmUp } from '../run.ts';

const CONCURRENCY = 10;

/**
 * A drain while some session holds an old snapshot, against the same drain without: nothing that
 * the drain leaves dead can be cleaned away. Which of the two goes first changes from repetition to
 * repetition.
 */
export async function measureSnapshot(run: Run): Promise<Figures> {
  await warmUp(run);
  const jobs = jobsFor(run, run.sizes.snapshotJobs);
  const clean = async (): Promise<number> => {
    await load(run, jobs);
    return (await drainAll(run, CONCURRENCY, jobs)).perSecond;
  };
  const heldFirst = run.repetition % 2 === 1;
  const first = heldFirst ? await held(run, jobs) : await clean();
  const second = heldFirst ? await clean() : await held(run, jobs);
  const [snapshot_clean, snapshot_held] = heldFirst ? [second, first] : [first, second];
  return { snapshot_clean, snapshot_held, snapshot_ratio: snapshot_held / snapshot_clean };
}

async function held(run: Run, jobs: number): Promise<number> {
  await load(run, jobs);
  return asAdmin(run.urls.admin, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query('SELECT count(*) FROM pg_class');
    const { perSecond } = await drainAll(run, CONCURRENCY, jobs);
    await client.query('ROLLBACK');
    return perSecond;
  });
}
