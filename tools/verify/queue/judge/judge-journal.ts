import type { JournalLine } from '../worker/journal-line.ts';
import type { Facts, Strike } from './facts.ts';

type Begin = Extract<JournalLine, { event: 'begin' }>;

/** Who held the lease under which a try was finished, and with which outcome. */
interface Holder {
  readonly worker: string;
  readonly outcome: string;
}

const key = (job: string, attempt: number): string => `${job} ${attempt}`;

/** The holder of each finished try, by job and number, as the database keeps it. */
export function holdersOf({ ended, tries }: Facts): ReadonlyMap<string, Holder> {
  const kept = tries.map(({ id, attempt, outcome, leasedBy }) => {
    return [key(id, attempt), { worker: leasedBy, outcome }] as const;
  });
  const completed = ended.flatMap(({ id, attempts, outcome, leasedBy }) =>
    leasedBy === null ? [] : [[key(id, attempts), { worker: leasedBy, outcome }] as const],
  );
  return new Map([...kept, ...completed]);
}

/** Each try may be begun once, and once more for each time that its worker was taken away. */
export function judgeBegins(
  begins: readonly Begin[],
  holders: ReadonlyMap<string, Holder>,
  strikes: readonly Strike[],
): { repeats: number; unexplained: number } {
  let repeats = 0;
  let unexplained = 0;
  for (const [id, same] of Map.groupBy(begins, ({ job, attempt }) => key(job, attempt))) {
    const wasted = wastedOf(same, holders.get(id));
    repeats += wasted.length;
    unexplained += wasted.filter((begin) => !isStruck(begin, strikes)).length;
  }
  return { repeats, unexplained };
}

/** Without the one that counted: the last one of the worker that finished the try. */
function wastedOf(begins: readonly Begin[], holder: Holder | undefined): Begin[] {
  const counted = begins.findLast(({ worker }) => worker === holder?.worker);
  return begins.filter((begin) => begin !== counted);
}

function isStruck({ worker, job }: Begin, strikes: readonly Strike[]): boolean {
  return strikes.some((strike) => strike.worker === worker && strike.held.has(job));
}

/** A result counts only from the holder of the row's token, and what counted is kept. */
export function judgeAnswers(
  journal: readonly JournalLine[],
  begins: readonly Begin[],
  holders: ReadonlyMap<string, Holder>,
): { refused: number; notHolder: number; lost: number } {
  const attempts = new Map(begins.map((begin) => [`${begin.job} ${begin.lease}`, begin.attempt]));
  const counts = { refused: 0, notHolder: 0, lost: 0 };
  for (const line of journal) {
    if (line.event !== 'answer' || line.kind === 'returned') continue;
    const holder = holders.get(key(line.job, attempts.get(`${line.job} ${line.lease}`) ?? 0));
    if (!line.accepted) counts.refused += 1;
    else if (!holder || holder.outcome !== line.kind) counts.lost += 1;
    else if (holder.worker !== line.worker) counts.notHolder += 1;
  }
  return counts;
}
