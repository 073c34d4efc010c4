import { until } from '../until.ts';
import { readJournals } from './judge/read-journals.ts';
import type { Round } from './round.ts';
import { monotonicMs } from './worker/journal-line.ts';

const MEET_WITHIN_MS = 120_000;
/** A begun job whose note is so old is at work; before, it may still be noting. */
const AT_WORK_MS = 100;

/**
 * A worker stops with jobs in its hands, begun slow ones if wished; to be killed or to go on.
 *
 * @returns the ids of those jobs
 * @throws NotInTime when it is never met with any
 */
export async function pauseWithJobs(
  round: Round,
  worker: string,
  slowAndBegun: boolean,
): Promise<ReadonlySet<string>> {
  const part = round.scene.part(worker);
  const look = async () => {
    const held = await round.heldBy(worker, slowAndBegun);
    const isMet = slowAndBegun ? hasBegun(round, worker, held) : held.size > 0;
    return isMet ? held : undefined;
  };
  let met: ReadonlySet<string> | undefined;
  const meet = async (): Promise<boolean> => {
    await round.replenish();
    // Looked at first: a worker that is stopped again and again hardly gets to take any.
    if (!(await look())) return false;
    part.pause();
    met = await look();
    if (!met) part.resume();
    return met !== undefined;
  };
  await until(`${worker} has jobs in hand`, meet, MEET_WITHIN_MS);
  return met ?? new Set();
}

/** Begun by the process that runs now, and not yet ended. */
function hasBegun({ scene }: Round, worker: string, held: ReadonlySet<string>): boolean {
  const lines = readJournals(scene.stage.directory).filter(
    (line) => line.worker === scene.idOf(worker) && held.has(line.job),
  );
  const ended = new Set(lines.filter(({ event }) => event === 'end').map(({ job }) => job));
  const latest = monotonicMs() - AT_WORK_MS;
  return lines.some(({ event, job, at }) => event === 'begin' && at < latest && !ended.has(job));
}
