import { setTimeout as delay } from 'node:timers/promises';
import { Api, type Answer } from './api.ts';
import { type Ask, asksOf } from './asks.ts';
import { BreakerTimes } from './breaker-times.ts';
import { Bystanders } from './bystanders.ts';
import { type CatchUp, catchUp } from './catch-up.ts';
import { readDocument } from './document.ts';
import type { Faults } from './faults.ts';
import { effectOf, faultOf, isForBreaker } from './judge.ts';
import { type Cell, cellName } from './parts.ts';
import { until } from './until.ts';
import { World } from './world.ts';

/** A stack that cells are run against. */
export interface Stage {
  readonly dataDirectory: string;
  readonly gatewayUrl: string;
  readonly platformKey: string;
  readonly inboxUrl: string;
  readonly faults: Faults;
}

export interface CellSettings {
  /** How long the fault lasts at least; longer than a consumer's session (10 s) shows more. */
  readonly holdMs: number;
  /** The order of the requests. */
  readonly shuffle: <T>(items: readonly T[]) => T[];
}

/** What one cell showed; a line of the report. */
export interface CellReport {
  readonly cell: string;
  readonly routes: number;
  readonly answers: number;
  readonly refused: number;
  readonly degraded: number;
  readonly untouched: number;
  readonly longest_ms: number;
  /** The slowest route's median while the breaker was open; null where no route needs the part. */
  readonly breaker_p50_ms: number | null;
  /** The same of routes that ask no tier at all: what this machine takes for any answer. */
  readonly machine_p50_ms: number;
  readonly emails: number;
  readonly delivered: number;
  readonly waiting: number;
  readonly second_copies: number;
  readonly catch_up_ms: number;
  readonly violations: readonly string[];
}

const UNDER_WAY = 10;
const BREAKER_SAMPLES = 5;
const PACE_MS = 10;
const MEND_WITHIN_MS = 240_000;
/** The breaker's window, and a call at its end. */
const OPENS_WITHIN_MS = 13_000;
/** Less than a call to a silent tier takes. */
const WAITED_MS = 900;
/** On a busy machine a call may be late without a fault; one clean look must be among these. */
const LOOKS = 3;

/** Runs one cell: a healthy look, the fault under requests, its end, and what is left to do then. */
export async function runCell(
  cell: Cell,
  stage: Stage,
  settings: CellSettings,
): Promise<CellReport> {
  await untilWell(stage);
  const world = await World.settle(stage.gatewayUrl, stage.platformKey);
  const document = await readDocument(new Api(stage.gatewayUrl, undefined));
  const run = new CellRun(cell, world, settings.shuffle(asksOf(document, world)));
  await run.learnHealth();
  for (let n = 0; n < UNDER_WAY; n += 1) await world.send();
  const bystanders = new Bystanders(stage.dataDirectory, cell);
  const heal = await stage.faults.inject(cell);
  try {
    await run.underFault(settings.holdMs);
  } finally {
    await heal();
  }
  const healedAt = performance.now();
  const mended = await run.mend();
  const after = await catchUp(cell, world, stage.inboxUrl, healedAt);
  return run.report(after, [...mended, ...(await bystanders.violations())]);
}

/** Whoever used the stack before may have left parts of it that are still coming back. */
async function untilWell({ gatewayUrl, platformKey }: Stage): Promise<void> {
  const platform = new Api(gatewayUrl, platformKey);
  await until(MEND_WITHIN_MS, 'health before the fault', async () => {
    const { status, body } = await platform.get('/v1/admin/health');
    return (status === 200 && body?.status === 'ok') || undefined;
  });
}

/** A cell that cannot be run to its end has failed; the others still tell something. */
export async function reportOf(cell: Cell, run: () => Promise<CellReport>): Promise<CellReport> {
  try {
    return await run();
  } catch (error) {
    return unfinished(cell, error as Error);
  }
}

/** The report of a cell that did not come to its end. */
function unfinished(cell: Cell, error: Error): CellReport {
  const counts = { routes: 0, answers: 0, refused: 0, degraded: 0, untouched: 0, longest_ms: 0 };
  const mail = { emails: 0, delivered: 0, waiting: 0, second_copies: 0, catch_up_ms: 0 };
  const violations = [`did not end: ${error.message}`];
  return {
    cell: cellName(cell),
    ...counts,
    ...mail,
    breaker_p50_ms: null,
    machine_p50_ms: 0,
    violations,
  };
}

class CellRun {
  readonly #cell: Cell;
  readonly #world: World;
  readonly #asks: readonly Ask[];
  readonly #healthy = new Map<string, Set<number>>();
  readonly #violations = new Set<string>();
  readonly #times: BreakerTimes;
  /** Asks no tier: tells what the machine takes for an answer. */
  readonly #plain: Ask;
  readonly #counts = { refused: 0, degraded: 0, untouched: 0 };
  #longest = 0;

  constructor(cell: Cell, world: World, asks: readonly Ask[]) {
    this.#cell = cell;
    this.#world = world;
    this.#asks = asks;
    this.#times = new BreakerTimes(cell);
    const plain = asks.find(asksNobody);
    if (!plain) throw new Error('no route that asks no tier');
    this.#plain = plain;
  }

  /**
   * What each request is answered without a fault, one by one and all at once; also makes the gateway
   * know the keys.
   *
   * @throws Error for answers that tell nothing: the request is wrong, or the machine too busy
   */
  async learnHealth(): Promise<void> {
    for (const ask of this.#asks) this.#healthy.set(ask.name, new Set());
    let unusable: string[] = [];
    for (let n = 0; n < LOOKS; n += 1) {
      const alone: string[] = [];
      for (const ask of this.#asks) alone.push(...(await this.#lookAt(ask)));
      const together = await Promise.all(this.#asks.map((ask) => this.#lookAt(ask)));
      unusable = [...alone, ...together.flat()];
      if (unusable.length === 0) return;
    }
    throw new Error(`without a fault: ${unusable.join('; ')}`);
  }

  /** @returns what is wrong with an answer that tells nothing */
  async #lookAt(ask: Ask): Promise<string[]> {
    const { status, body } = await this.#ask(ask);
    const isUsable = status < 300 || status === 404 || status === 409;
    if (!isUsable || body?.degraded === true)
      return [`${ask.name} is ${status} ${JSON.stringify(body)}`];
    this.#healthy.get(ask.name)?.add(status);
    return [];
  }

  /** All at once while the breakers are closed; then one after the other until the time is over. */
  async underFault(holdMs: number): Promise<void> {
    const end = performance.now() + holdMs;
    const wave = await Promise.all(
      this.#asks.map(async (ask) => [ask, await this.#ask(ask)] as const),
    );
    const machineMs = Math.max(
      0,
      ...wave.filter(([ask]) => asksNobody(ask)).map(([, { ms }]) => ms),
    );
    for (const [ask, answer] of wave) this.#judge(ask, answer, machineMs);
    await this.#untilOpen(machineMs);
    do {
      for (const ask of this.#asks) await this.#askInTurn(ask);
    } while (performance.now() < end);
  }

  /**
   * A breaker opens when half of the calls of the last 10 s have failed, those before the fault included.
   * In a slow tier it may stay closed, since writes succeed.
   */
  async #untilOpen(machineMs: number): Promise<void> {
    const timed = this.#asks.filter((ask) => isForBreaker(ask, this.#cell));
    if (timed.length === 0 || this.#cell.mode === 'slow') return;
    const end = performance.now() + OPENS_WITHIN_MS;
    do {
      const answers = await Promise.all(timed.map((ask) => this.#ask(ask)));
      answers.forEach((answer, at) => this.#judge(timed[at] as Ask, answer, machineMs));
      if (answers.every(({ ms }) => ms < WAITED_MS)) return;
    } while (performance.now() < end);
    this.#violations.add(`no breaker opens within ${OPENS_WITHIN_MS} ms`);
  }

  /**
   * Several times in a row where the time counts: a breaker lets one call a second through, which then
   * waits for its deadline, and is at most one of these.
   */
  async #askInTurn(ask: Ask): Promise<void> {
    const times = isForBreaker(ask, this.#cell) ? BREAKER_SAMPLES : 1;
    for (let n = 0; n < times; n += 1) {
      const plain = await this.#ask(this.#plain);
      const answer = await this.#ask(ask);
      this.#judge(ask, answer, plain.ms);
      this.#times.note(ask, answer, plain.ms);
    }
    await delay(PACE_MS);
  }

  /** Until every request is answered as before. */
  async mend(): Promise<string[]> {
    try {
      await until(MEND_WITHIN_MS, 'health again', async () => {
        for (const ask of this.#asks) if (!(await this.#isHealthy(ask))) return undefined;
        return true;
      });
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  }

  report(after: CatchUp, further: readonly string[]): CellReport {
    return {
      cell: cellName(this.#cell),
      routes: new Set(this.#asks.map(({ route }) => route.id)).size,
      answers: Object.values(this.#counts).reduce((sum, n) => sum + n, 0),
      ...this.#counts,
      longest_ms: Math.round(this.#longest),
      breaker_p50_ms: this.#times.slowest,
      machine_p50_ms: this.#times.machine,
      emails: this.#world.accepted.length,
      delivered: after.delivered,
      waiting: after.waiting,
      second_copies: after.secondCopies,
      catch_up_ms: after.ms,
      violations: [
        ...this.#violations,
        ...this.#times.violations(),
        ...further,
        ...after.violations,
      ],
    };
  }

  async #ask(ask: Ask): Promise<Answer> {
    const answer = await this.#world.apiFor(ask.route).call(ask.call());
    const isSend = ask.route.id === 'sendEmail';
    if (isSend && answer.status !== 202) this.#world.noteUnsure();
    this.#world.note(answer);
    return answer;
  }

  #judge(ask: Ask, answer: Answer, machineMs: number): void {
    const healthy = this.#healthy.get(ask.name) ?? new Set();
    const fault = faultOf(ask, this.#cell, answer, healthy, machineMs);
    if (fault !== undefined) this.#violations.add(`${ask.name}: ${fault}`);
    this.#counts[effectOf(ask, this.#cell)] += 1;
    this.#longest = Math.max(this.#longest, answer.ms);
  }

  async #isHealthy(ask: Ask): Promise<boolean> {
    const { status, body } = await this.#ask(ask);
    return this.#healthy.get(ask.name)?.has(status) === true && body?.degraded !== true;
  }
}

const asksNobody = ({ required, optional }: Ask): boolean =>
  required.length + optional.length === 0;
