import { setTimeout as delay } from 'node:timers/promises';
import type { StackDescription } from '../stack/stack-file.ts';
import { tiers } from '../stack/ports.ts';
import { queryOnce } from '../stack/postgres/query.ts';

const LOOK_EVERY_MS = 100;
const ANSWER_WITHIN_MS = 30_000;
const ATTEMPTS = 4;
/** Who is asked for nearly nothing and takes longer was kept from running: a core or a disk was away. */
export const FAIR_MS = 1_000;

/** Something that answers at once wherever the machine lets it run. */
export type Question = () => Promise<unknown>;

/** Watches how long the machine keeps others waiting, this process first of all. */
export class Weather {
  readonly #stopping = new AbortController();
  readonly #watches: Promise<void>[];
  #worstMs = 0;

  constructor(questions: readonly Question[]) {
    const nothing: Question = async () => undefined;
    this.#watches = [nothing, ...questions].map((ask) => this.#watch(ask));
  }

  /** @returns the longest that anybody took, in ms */
  async stop(): Promise<number> {
    this.#stopping.abort();
    await Promise.all(this.#watches);
    return this.#worstMs;
  }

  async #watch(ask: Question): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const began = performance.now();
      // A refusal is an answer.
      await Promise.allSettled([ask()]);
      await delay(LOOK_EVERY_MS);
      this.#worstMs = Math.max(this.#worstMs, performance.now() - began - LOOK_EVERY_MS);
    }
  }
}

/** What is to be found in fair weather. */
export interface Attempt<T> {
  run(): Promise<T>;
  /** Whether it stands as it is, the weather aside: it is good, or no weather makes it so bad. */
  isFinal(result: T): boolean;
  readonly questions: readonly Question[];
  readonly fairMs?: number;
}

/**
 * What was found, good or not. Only where the machine stood still meanwhile it is tried again, a few times,
 * and the last time counts: what is wrong in the product is wrong each time.
 *
 * @throws what `run` throws
 */
export async function inFairWeather<T>(attempt: Attempt<T>): Promise<T> {
  const { run, isFinal, questions, fairMs = FAIR_MS } = attempt;
  for (let n = 1; ; n += 1) {
    const weather = new Weather(questions);
    const result = await run().finally(() => weather.stop());
    const worstMs = Math.round(await weather.stop());
    if (isFinal(result) || worstMs <= fairMs || n === ATTEMPTS) return result;
    const found = JSON.stringify(result)?.slice(0, 2_000);
    process.stderr.write(`tried again, the machine stood still for ${worstMs} ms: ${found}\n`);
  }
}

/** A commit in each database of a stack, which takes a turn of the disk; but not in those that are hurt. */
export function commitsIn({ databases }: StackDescription, hurt: readonly string[]): Question[] {
  const well = tiers.filter((tier) => !hurt.includes(`${tier}-db`));
  return well.map(
    (tier) => () => queryOnce(databases[tier].admin_url, 'SELECT pg_current_xact_id()'),
  );
}

/** A sign of life of each process of a stack; but not of those that are hurt. */
export function livesOf({ processes }: StackDescription, hurt: readonly string[]): Question[] {
  const well = Object.entries(processes).filter(([name]) => !hurt.includes(name));
  return well.map(([, { metrics_url: url }]) => livez(url));
}

/** @param metricsUrl an app's page of metrics */
export const livez =
  (metricsUrl: string): Question =>
  () =>
    fetch(new URL('/livez', metricsUrl), { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).then(
      (answer) => answer.text(),
    );
