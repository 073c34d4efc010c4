import { setTimeout as delay } from 'node:timers/promises';
import { Load, type LoadReport } from './client/load.ts';
import { createSenders } from './client/tenants.ts';
import type { PlannedFault } from './faults.ts';
import { readHotJobs } from './judge/facts.ts';
import type { Verdict } from './judge/judge.ts';
import type { Ledger } from './ledger.ts';
import { untilSettled } from './settle.ts';
import { commitsIn, Weather } from '../verify/weather.ts';
import type { ChaosStack } from './stack/chaos-stack.ts';
import { strike, type Struck } from './strike.ts';

const TENANTS = 5;
const CLIENTS = 24;
/** The sink answers nothing while mail piles up; below the worker's 300 s of patience. */
const HOLD_MS = 250_000;
const PACE_MS = 20;
const PILE_WITHIN_MS = 240_000;
const ANSWERED_WITHIN_MS = 240_000;
/** By architecture.md section 4; what a busy machine adds is seen before the fault and beside it, 2 s at least. */
const LONGEST_WAIT_MS = 3_000;
const LEAST_ADDED_MS = 2_000;

export interface RoundSettings {
  stack: ChaosStack;
  ledger: Ledger;
  emails: number;
  /** Jobs that must be on their way when the fault comes. */
  inFlight: number;
  seed: number;
  /** How long the judge waits for what is still wrong; 120 s. */
  settledWithinMs?: number;
}

/** One JSON line. */
export interface RoundReport {
  round: number;
  seed: number;
  fault: string;
  part: string;
  /** Unfinished jobs in the queue's database at the moment of the fault, and the leased ones of them. */
  in_flight: number;
  running: number;
  acked: number;
  lost: number;
  ghosts: number;
  second_copies: number;
  allowed_copies: number;
  unknown: number;
  lease_losses: number;
  /** Longest time that a request was open: until the fault, and from then on. */
  calm_wait_ms: number;
  max_wait_ms: number;
  /** How long it took until the mail was on its way, and from the end of the fault until all was settled. */
  pile_s: number;
  catch_up_s: number;
  answers: LoadReport['answers'];
  /** Parts that have another process than before the fault, the one that was hit aside. */
  neighbours: string[];
  skipped: number;
  violations: string[];
  ok: boolean;
}

/** What is done to the stack while mail is on its way. */
export type Blow = (tenants: string[]) => Promise<Struck>;

/** Piles mail up, hits, waits until all is settled, and compares. */
export async function runRound(
  settings: RoundSettings,
  round: number,
  fault: PlannedFault,
  blow: Blow = (tenants) => strike(settings.stack, fault, tenants),
): Promise<RoundReport> {
  const { stack, ledger, emails } = settings;
  const description = stack.describe();
  const { url } = description.gateway;
  const senders = await createSenders(url, description.keys.platform ?? '', TENANTS);
  const tenants = senders.map(({ tenantId }) => tenantId);
  const label = `r${settings.seed}-${round}`;
  await stack.slowSink(HOLD_MS);
  const load = new Load({ publicUrl: url, senders, ledger, emails, concurrency: CLIENTS, label });
  const began = performance.now();
  const answered = load.run();
  const pile = await untilPiled(settings, tenants);
  const piledAt = performance.now();
  const before = stack.pids();
  await stack.slowSink(PACE_MS);
  const calmWaitMs = load.forgetWaits();
  const weather = new Weather(commitsIn(description, [fault.part]));
  const struck = await blow(tenants);
  await answeredInTime(load, answered);
  const stoodStillMs = await weather.stop();
  const { verdict, settledAt } = await untilSettled(
    settings,
    tenants,
    label,
    struck.inFlightAtWorker,
  );
  const neighbours = changed(before, stack.pids(), struck.parts);
  const longest = LONGEST_WAIT_MS + Math.max(LEAST_ADDED_MS, calmWaitMs, stoodStillMs);
  const waited = fault.target === 'gateway' ? 0 : load.report.maxWaitMs;
  const violations = [
    ...verdict.violations,
    ...(neighbours.length > 0 ? [`neighbours: ${neighbours.join(' ')}`] : []),
    ...(waited > longest ? [`max_wait: ${Math.round(waited)} ms`] : []),
    ...(load.report.answers['500'] ? [`internal_errors: ${load.report.answers['500']}`] : []),
  ];
  return {
    round,
    seed: settings.seed,
    fault: fault.name,
    part: fault.part,
    ...pile,
    ...figures(verdict),
    calm_wait_ms: Math.round(calmWaitMs),
    max_wait_ms: Math.round(load.report.maxWaitMs),
    pile_s: seconds(piledAt - began),
    catch_up_s: seconds(settledAt - struck.endedAt),
    answers: load.report.answers,
    neighbours,
    skipped: 0,
    violations,
    ok: violations.length === 0,
  };
}

const seconds = (ms: number): number => Math.round(ms / 100) / 10;

const figures = ({
  acked,
  lost,
  ghosts,
  secondCopies,
  allowedCopies,
  unknown,
  leaseLosses,
}: Verdict) => ({
  acked,
  lost,
  ghosts,
  second_copies: secondCopies,
  allowed_copies: allowedCopies,
  unknown,
  lease_losses: leaseLosses,
});

/** Waits until enough jobs are unfinished, and some of them run. @throws Error when they never are */
async function untilPiled({ stack, inFlight }: RoundSettings, tenants: string[]) {
  const deadline = Date.now() + PILE_WITHIN_MS;
  for (;;) {
    const hot = await readHotJobs(stack.describe(), tenants);
    const running = hot.filter(({ status }) => status === 'running').length;
    if (hot.length >= inFlight && running > 0) return { in_flight: hot.length, running };
    if (Date.now() > deadline)
      throw new Error(`only ${hot.length} e-mails on their way, ${running} of them under a lease`);
    await delay(100);
  }
}

async function answeredInTime(load: Load, answered: Promise<void>): Promise<void> {
  const late = setTimeout(() => load.stop(), ANSWERED_WITHIN_MS);
  await answered;
  clearTimeout(late);
}

function changed(
  before: ReadonlyMap<string, number | null>,
  after: ReadonlyMap<string, number | null>,
  hit: readonly string[],
): string[] {
  return [...before]
    .filter(([name, pid]) => !hit.includes(name) && after.get(name) !== pid)
    .map(([n]) => n);
}
