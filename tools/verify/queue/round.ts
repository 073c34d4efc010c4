import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../messaging/seeded-random.ts';
import { NotInTime, until } from '../until.ts';
import { databaseFacts, type Strike } from './judge/facts.ts';
import { judge, type Verdict } from './judge/judge.ts';
import { losersOf, lossesOf, withLosses } from './judge/lease-losses.ts';
import { readJournals } from './judge/read-journals.ts';
import { type NewJob, newJobs, putIn } from './new-jobs.ts';
import { unexpectedErrors } from './judge/service-errors.ts';
import type { Scene } from './scene.ts';
import { monotonicMs } from './worker/journal-line.ts';

/** As many as three workers hold: a fault that has to meet jobs never comes too late for them. */
const LEFT_AT_LEAST = 360;

/** Jobs are put in, a fault happens while they run; then every one of them must have ended. */
export interface RoundPlan {
  readonly name: string;
  readonly jobs: number;
  readonly fault: (round: Round) => Promise<void>;
  /** Codes that may stand in the logs of the services, as regular expression. */
  readonly expectedErrors?: RegExp;
  /** Answers of the queue get lost: a lease of which its worker never heard runs out. */
  readonly losesAnswers?: boolean;
  /** Stale results must have come in, or the fence was not met. */
  readonly meetsFence?: boolean;
  /** Instead of the usual ones. */
  readonly more?: (round: Round) => NewJob[];
}

/** One line of the output. */
export interface RoundReport extends Verdict {
  readonly round: string;
  readonly jobs: number;
  /** Faults, each of which met running jobs. */
  readonly faults: number;
  /** Jobs that were running when the faults struck. */
  readonly runningAtFaults: number;
  readonly figures: Readonly<Record<string, number>>;
  readonly seconds: number;
}

export class Round {
  readonly scene: Scene;
  readonly random: SeededRandom;
  readonly plan: RoundPlan;
  readonly strikes: Strike[] = [];
  readonly figures: Record<string, number> = {};
  readonly violations: Record<string, number> = {};
  jobs: readonly NewJob[] = [];
  #faults = 0;
  #running = 0;

  constructor(scene: Scene, random: SeededRandom, plan: RoundPlan) {
    this.scene = scene;
    this.random = random;
    this.plan = plan;
  }

  /** Runs the whole round. @throws NotInTime when a fault meets no running job */
  async run(): Promise<RoundReport> {
    const startedAt = monotonicMs();
    const { stage, form } = this.scene;
    this.jobs = [
      ...(this.plan.more?.(this) ?? []),
      ...newJobs(this.plan.jobs, form.slowMs, this.random),
    ];
    await putIn(stage.admin, this.jobs);
    await this.plan.fault(this);
    await this.#settle();
    return this.#report(startedAt);
  }

  /** Until so much of the round has ended, from 0 to 1. */
  async untilEnded(share: number): Promise<void> {
    const goal = Math.floor(this.jobs.length * share);
    const { settledWithinMs } = this.scene.form;
    await until('jobs go on', async () => (await this.#ended()) >= goal, settledWithinMs);
  }

  /** However fast the workers are: there is work for them until the fault has struck. */
  async replenish(): Promise<void> {
    const left = this.jobs.length - (await this.#ended());
    if (left >= LEFT_AT_LEAST) return;
    const { stage, form } = this.scene;
    const more = newJobs(LEFT_AT_LEAST, form.slowMs, this.random);
    this.jobs = [...this.jobs, ...more];
    await putIn(stage.admin, more);
  }

  async heldBy(worker: string, slowOnly = false): Promise<Set<string>> {
    const { rows } = await this.scene.stage.admin.query<{ id: string }>(
      `SELECT id FROM job_queue WHERE status = 'running' AND leased_by = $1
         AND (NOT $2 OR (payload->'plan'->>'slow')::bool)`,
      [this.scene.idOf(worker), slowOnly],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** A fault strikes now: jobs have to be running. */
  async strikesNow(): Promise<void> {
    const running = async () => {
      await this.replenish();
      const { rows } = await this.scene.stage.admin.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM job_queue WHERE status = 'running'`,
      );
      return rows[0]?.n ?? 0;
    };
    let met = 0;
    await until('jobs are running', async () => (met = await running()) > 0);
    this.#faults += 1;
    this.#running += met;
  }

  /** A worker was taken away with these jobs. */
  struck(strike: Strike): void {
    this.strikes.push(strike);
    this.#faults += 1;
    this.#running += strike.held.size;
  }

  violates(rule: string): void {
    this.violations[rule] = (this.violations[rule] ?? 0) + 1;
  }

  async #ended(): Promise<number> {
    const { rows } = await this.scene.stage.admin.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM job_history WHERE id = ANY ($1)`,
      [this.jobs.map(({ id }) => id)],
    );
    return rows[0]?.n ?? 0;
  }

  /** What has not ended by then is judged, not an error. */
  async #settle(): Promise<void> {
    try {
      await this.untilEnded(1);
    } catch (error) {
      if (!(error instanceof NotInTime)) throw error;
    }
    // The last answers are noted a moment after their commit.
    await delay(300);
  }

  async #strikesAndLosses(losesAnswers: boolean): Promise<Strike[]> {
    const losses = await lossesOf(this.scene.stage.admin, this.jobs);
    const losers = losesAnswers ? [] : losersOf(this.strikes, losses);
    for (const [worker, lost] of losers)
      process.stderr.write(`${this.plan.name}: ${worker} lost ${lost} leases\n`);
    return withLosses(this.strikes, losses);
  }

  async #report(startedAt: number): Promise<RoundReport> {
    const { stage, form } = this.scene;
    const ids = new Set(this.jobs.map(({ id }) => id));
    const journal = readJournals(stage.directory).filter(({ job }) => ids.has(job));
    const known = await databaseFacts(stage.admin, this.jobs);
    const { losesAnswers = false } = this.plan;
    const strikes = await this.#strikesAndLosses(losesAnswers);
    const facts = { jobs: this.jobs, ...known, journal, strikes, losesAnswers };
    const verdict = judge(facts, { againWithinMs: form.againWithinMs });
    if (this.plan.meetsFence && verdict.refused === 0) this.violates('fence_not_met');
    const errors = unexpectedErrors(stage.directory, this.plan.expectedErrors);
    const own = { ...this.violations, ...(errors.length > 0 && { log_errors: errors.length }) };
    for (const error of errors) process.stderr.write(`${this.plan.name}: ${error}\n`);
    return {
      round: this.plan.name,
      jobs: this.jobs.length,
      faults: this.#faults,
      runningAtFaults: this.#running,
      ...verdict,
      figures: this.figures,
      violations: { ...verdict.violations, ...own },
      seconds: Math.round((monotonicMs() - startedAt) / 100) / 10,
    };
  }
}
