import type { JournalLine } from '../worker/journal-line.ts';
import type { EndedJob, Facts, Strike } from './facts.ts';
import { holdersOf, judgeBegins, judgeAnswers } from './judge-journal.ts';

/** What was counted, and what is wrong: the violations, each with the number of jobs. */
export interface Verdict {
  /** Work that was begun and did not count. */
  readonly repeats: number;
  /** Results that the queue refused. */
  readonly refused: number;
  /** Longest time from a crash until a job of the crashed worker was begun again, in ms. */
  readonly againMs: number;
  readonly violations: Readonly<Record<string, number>>;
}

/** Milliseconds after its worker's end in which a job must be begun again. */
export interface Bounds {
  readonly againWithinMs: number;
}

type Begin = Extract<JournalLine, { event: 'begin' }>;

/** Compares what the database keeps with what the workers noted. */
export function judge(facts: Facts, bounds: Bounds): Verdict {
  const begins = facts.journal.filter((line): line is Begin => line.event === 'begin');
  const holders = holdersOf(facts);
  const { repeats, unexplained } = judgeBegins(begins, holders, facts.strikes);
  const { refused, notHolder, lost } = judgeAnswers(facts.journal, begins, holders);
  const again = facts.strikes.filter(({ forGood }) => forGood).map((one) => againMs(one, begins));
  const againAfter = Math.max(0, ...again);
  const violations = {
    ...judgeEnds(facts),
    repeated_without_cause: unexplained,
    accepted_from_other_than_holder: notHolder,
    accepted_but_not_kept: lost,
    begun_again_late: Number(againAfter > bounds.againWithinMs),
  };
  const wrong = Object.entries(violations).filter(([, count]) => count > 0);
  return {
    repeats,
    refused,
    againMs: Math.round(againAfter),
    violations: Object.fromEntries(wrong),
  };
}

/** What can be said from the database alone. */
function judgeEnds(facts: Facts): Record<string, number> {
  const byId = Map.groupBy(facts.ended, ({ id }) => id);
  const strikesOn = (id: string) => facts.strikes.filter(({ held }) => held.has(id)).length;
  const wrongly = (test: (job: EndedJob) => boolean) => facts.ended.filter(test).length;
  const plans = new Map(facts.jobs.map((job) => [job.id, job]));
  return {
    left: facts.left,
    not_ended_once: facts.jobs.filter(({ id }) => byId.get(id)?.length !== 1).length,
    too_many_attempts: wrongly((job) => job.attempts > job.maxAttempts),
    lease_lost_without_cause: facts.losesAnswers
      ? 0
      : wrongly((job) => job.leaseLosses > strikesOn(job.id)),
    other_outcome: wrongly((job) => job.outcome !== outcomeOf(plans.get(job.id))),
    tries_not_kept: wrongly((job) => !hasItsTries(job, facts)),
  };
}

/** As its plan says. */
function outcomeOf(job: Facts['jobs'][number] | undefined): string | undefined {
  if (!job) return undefined;
  if (job.plan.poison) return 'lease_lost';
  return job.plan.defers >= job.maxAttempts ? 'deferred' : job.plan.ends;
}

/** Each try is kept once: that of a completion in history, the others in job_attempts. */
function hasItsTries(job: EndedJob, { tries, letters }: Facts): boolean {
  const own = triesOf(tries).get(job.id) ?? [];
  const kept = own.map(({ attempt }) => attempt).sort((a, b) => a - b);
  const count = job.status === 'completed' ? job.attempts - 1 : job.attempts;
  const all = kept.length === count && kept.every((attempt, at) => attempt === at + 1);
  return all && (job.status !== 'dead' || letters.get(job.id) === job.attempts);
}

const grouped = new WeakMap<object, ReadonlyMap<string, Facts['tries']>>();

function triesOf(tries: Facts['tries']): ReadonlyMap<string, Facts['tries']> {
  const known = grouped.get(tries) ?? Map.groupBy(tries, ({ id }) => id);
  grouped.set(tries, known);
  return known;
}

/** Longest time until a job that the struck worker held was begun by anybody. */
function againMs({ at, held }: Strike, begins: readonly Begin[]): number {
  const first = new Map<string, number>();
  for (const begin of begins)
    if (begin.at > at && held.has(begin.job) && !first.has(begin.job))
      first.set(begin.job, begin.at - at);
  return Math.max(0, ...first.values());
}
