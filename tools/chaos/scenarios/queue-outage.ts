import { setTimeout as delay } from 'node:timers/promises';
import { type Blow, type RoundReport, type RoundSettings, runRound } from '../round.ts';
import type { ChaosStack } from '../stack/chaos-stack.ts';

/** Longer than a lease of 30 s. */
const OUTAGE_MS = 45_000;

/**
 * The queue is away for longer than a lease while jobs run: first its services, then its database. A
 * lease expires only by time in which the queue was up, so nothing may be sent twice.
 */
export async function queueOutage(
  settings: RoundSettings,
  print: (report: RoundReport) => void,
): Promise<boolean> {
  const { stack } = settings;
  let ok = true;
  for (const [index, target] of ['queue', 'queue-db'].entries()) {
    const fault = { name: `${target}-outage`, target, part: target, pauseMs: OUTAGE_MS };
    const blow = outageOf(stack, stack.replicasOf(target));
    const report = await runRound(settings, index + 1, fault, blow);
    print(report);
    ok &&= report.ok;
  }
  return ok;
}

/** Stops parts in good order and starts them again after 45 s. */
export const outageOf =
  (stack: ChaosStack, parts: string[]): Blow =>
  async () => {
    await Promise.all(parts.map((part) => stack.tell('stop', part)));
    await delay(OUTAGE_MS);
    await Promise.all(parts.map((part) => stack.start(part)));
    const endedAt = performance.now();
    return { endedAt, inFlightAtWorker: 0, parts };
  };
