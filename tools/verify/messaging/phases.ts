import { readLedger, waitingRows, wrongEffects } from './counts.ts';
import {
  type Fault,
  killBroker,
  killConsumers,
  killRelaysAndWriters,
  pauseBroker,
  pauseConsumers,
  rebalance,
} from './faults.ts';
import type { TopicVerdict } from './occurrences.ts';
import type { Scene } from './scene.ts';
import type { TopicJudge } from './topic-judge.ts';
import { until } from '../until.ts';

/** Events are written and a fault happens; then everything must come to rest and be right. */
export interface Phase {
  readonly name: string;
  readonly events: number;
  /** At most so many are written. */
  readonly eventsPerSecond: number;
  readonly fault: Fault;
  /** Consumers run, and their effects are judged. */
  readonly consumers: boolean;
}

/** One line of the output. Counts of records are those of the whole run up to here. */
export interface PhaseReport extends TopicVerdict {
  phase: string;
  seed: number;
  /** Committed so far. */
  events: number;
  kills: number;
  /** Pauses of a consumer in the middle of a slice. */
  pauses: number;
  /** Processes that ended by themselves. */
  deaths: number;
  /** Aggregates without exactly one effect per version in order, and parked events; null: not judged. */
  effects_wrong: number | null;
  /** Records behind at the end. */
  lag: number | null;
  /** From the last write until outbox and lag were 0. */
  catch_up_seconds: number;
  seconds: number;
}

const CATCH_UP_WITHIN_MS = 240_000;

/** More than can be written. */
export const FULL_SPEED = 20_000;
/** Faults that last must not pile up more than can be caught up with. */
export const STEADY = 600;

/** A kill per so many events, and one at least: a restart takes as long as thousands of events. */
const killsOf = (events: number, per: number): number => Math.max(1, Math.round(events / per));

/** @param events of the relay phase; each other phase has a tenth of them */
export function phasesOf(events: number): Phase[] {
  const part = Math.ceil(events / 10);
  const consuming = (name: string, fault: Fault): Phase => ({
    name,
    fault,
    events: part,
    eventsPerSecond: STEADY,
    consumers: true,
  });
  return [
    {
      name: 'relays killed',
      events,
      eventsPerSecond: FULL_SPEED,
      fault: killRelaysAndWriters(killsOf(events, 4_000), killsOf(events, 16_000)),
      consumers: false,
    },
    consuming('consumers killed', killConsumers(5)),
    consuming('consumers paused', pauseConsumers([13_000, 20_000])),
    consuming('rebalanced', rebalance(4)),
    consuming('broker killed', killBroker(3)),
    consuming('broker paused', pauseBroker([4_000, 12_000])),
  ];
}

export async function runPhase(
  scene: Scene,
  judge: TopicJudge,
  seed: number,
  { name, events, eventsPerSecond, fault, consumers }: Phase,
): Promise<PhaseReport> {
  const startedAt = performance.now();
  await scene.start(consumers, eventsPerSecond);
  const from = await scene.committed();
  await fault(scene, { from, events });
  await until('all is written', async () => (await scene.committed()) >= from + events, 600_000);
  await Promise.all(scene.writers.map((writer) => writer.stop()));
  const stoppedAt = performance.now();
  const lag = await rest(scene, judge, consumers);
  const ledger = await readLedger(scene.stage.written, scene.ledgerFile);
  const catchUp = seconds(performance.now() - stoppedAt);
  return {
    phase: name,
    seed,
    events: await scene.committed(),
    ...(await judge.judge(ledger)),
    kills: scene.kills,
    pauses: scene.pauses,
    deaths: scene.deaths,
    effects_wrong: consumers ? await wrongEffects(scene.stage.effects, ledger) : null,
    lag,
    catch_up_seconds: catchUp,
    seconds: seconds(performance.now() - startedAt),
  };
}

const seconds = (ms: number): number => Math.round(ms / 100) / 10;

/** Waits until nothing is on its way any more; what is then still behind is judged, not an error. */
async function rest(scene: Scene, judge: TopicJudge, consumers: boolean): Promise<number | null> {
  const { written } = scene.stage;
  const deadline = Date.now() + CATCH_UP_WITHIN_MS;
  const left = () => Math.max(deadline - Date.now(), 1);
  await until('the outbox is empty', async () => (await waitingRows(written)) === 0, left());
  if (!consumers) return null;
  const { group } = scene.stage;
  await until('the lag is 0', async () => (await judge.lag(group)) === 0, left());
  return judge.lag(group);
}

/** What is wrong in a report; nothing when it is as it must be. */
export function faultsOf(report: PhaseReport): string[] {
  const wrong: [string, number | null][] = [
    ['lost', report.lost],
    ['ghosts', report.ghosts],
    ['inversions', report.inversions],
    ['effects_wrong', report.effects_wrong],
    ['deaths', report.deaths],
    ['lag', report.lag],
  ];
  return wrong.filter(([, count]) => (count ?? 0) > 0).map(([name]) => name);
}
