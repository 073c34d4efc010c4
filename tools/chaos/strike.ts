import { setTimeout as delay } from 'node:timers/promises';
import type { PlannedFault } from './faults.ts';
import { readArrivals, readHotJobs } from './judge/facts.ts';
import type { ChaosStack } from './stack/chaos-stack.ts';

/** What the sockets still held when a worker was hit has reached the sink when it had so many turns. */
const SINK_TURNS = 15;
const BETWEEN_TURNS_MS = 100;

/** What a fault did. */
export interface Struck {
  /** `performance.now()` when the part served again. */
  endedAt: number;
  /** Parts whose process was hit. */
  parts: string[];
  /** Messages that may arrive a second time because of a worker that died or slept over its lease. */
  inFlightAtWorker: number;
}

/** Hits the part and waits until it serves again. */
export async function strike(
  stack: ChaosStack,
  fault: PlannedFault,
  tenants: string[],
): Promise<Struck> {
  const { part, pauseMs } = fault;
  await stack.tell(pauseMs === 0 ? 'kill' : 'pause', part);
  const inFlightAtWorker = mayRepeat(fault) ? await countInFlight(stack, fault, tenants) : 0;
  if (pauseMs > 0) {
    await delay(pauseMs);
    await stack.tell('resume', part);
  }
  await stack.untilReady(part);
  return { endedAt: performance.now(), inFlightAtWorker, parts: [part] };
}

/** A pause that ends before the lease does takes nothing from a worker. */
const mayRepeat = ({ target, name }: PlannedFault): boolean =>
  target === 'worker' && (name.endsWith('-kill') || name.endsWith('-long'));

/**
 * A killed worker: the messages that the sink has and the queue has no outcome of; no lease has run
 * out yet, so that none of them is a second copy. One that only sleeps goes on with all that it has
 * begun, up to its whole lease.
 */
async function countInFlight(
  stack: ChaosStack,
  { pauseMs }: PlannedFault,
  tenants: string[],
): Promise<number> {
  for (let turn = 0; turn < SINK_TURNS; turn += 1) {
    await stack.askSink();
    await delay(BETWEEN_TURNS_MS);
  }
  const description = stack.describe();
  const hot = await readHotJobs(description, tenants);
  const running = hot.filter(({ status }) => status === 'running');
  if (pauseMs > 0) return largestShare(running.map(({ leasedBy }) => `${leasedBy}`));
  // A Message-ID is the e-mail's id at the sender's domain.
  const arrived = new Set(readArrivals(description).map((one) => one.message_id?.slice(1, 37)));
  return running.filter(({ id }) => arrived.has(id)).length;
}

function largestShare(owners: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}
