import type { StackDescription } from '../../stack/stack-file.ts';
import { kafkaProbes } from './kafka.ts';
import { kafkaMutants } from './kafka-mutants.ts';
import { type LiveMutant, type MutantRun, runMutants } from './live-mutants.ts';
import { type LiveFinding, type LiveProbe, runProbes, type Volume } from './probe.ts';
import { restMutants } from './rest-mutants.ts';
import { restProbes } from './rest.ts';
import { openWorld, type World } from './world.ts';

/** What the battery saw of one way into a running product. */
export interface LiveReport {
  readonly part: 'rest' | 'kafka';
  readonly probes: number;
  readonly leaks: readonly LiveFinding[];
  readonly mutants: readonly MutantRun[];
  readonly survivors: readonly string[];
  readonly seconds: number;
}

interface Part {
  readonly part: LiveReport['part'];
  readonly probes: readonly LiveProbe[];
  readonly mutants: readonly LiveMutant[];
}

export const liveParts: readonly Part[] = [
  { part: 'rest', probes: restProbes, mutants: restMutants },
  { part: 'kafka', probes: kafkaProbes, mutants: kafkaMutants },
];

async function verifyPart(
  { part, probes, mutants }: Part,
  world: World,
  volume: Volume,
): Promise<LiveReport> {
  const began = performance.now();
  const leaks = await runProbes(probes, world, volume);
  const runs = await runMutants(mutants, probes, world);
  const survivors = runs.filter(({ signs }) => signs === 0).map(({ name }) => name);
  const seconds = Math.round((performance.now() - began) / 1_000);
  return { part, probes: probes.length, leaks, mutants: runs, survivors, seconds };
}

/** REST and Kafka parts against one running product, with their mutants. */
export async function verifyLive(
  stack: StackDescription,
  parts: readonly LiveReport['part'][],
  volume: Volume,
  say: (report: LiveReport) => void,
): Promise<LiveReport[]> {
  const world = await openWorld(stack);
  const reports: LiveReport[] = [];
  try {
    for (const one of liveParts.filter(({ part }) => parts.includes(part))) {
      const report = await verifyPart(one, world, volume);
      reports.push(report);
      say(report);
    }
  } finally {
    await world.deadLetters.stop();
  }
  return reports;
}
