/** What a loop does with one lease after the other. */
export interface Rounds<L> {
  /** Waits for work a while; an empty lease is none. */
  lease(): Promise<L>;
  handle(lease: L): void;
  finish(lease: L): Promise<void>;
}

/**
 * Loops that lease the next jobs while the last ones are being finished, as the product's worker does:
 * apps/worker/src/lease leases while it has room (1,000 jobs), and reports one batch of outcomes at a
 * time beside it. So a loop holds two leases at most.
 * @returns settles when the loops have stopped and all is finished
 * @throws Error of a lease or finish that failed
 */
export async function startLeaseLoops<L>(
  count: number,
  rounds: Rounds<L>,
  stopping: AbortSignal,
): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => loop(rounds, stopping)));
}

async function loop<L>(rounds: Rounds<L>, stopping: AbortSignal): Promise<void> {
  let finishing = Promise.resolve();
  while (!stopping.aborted) {
    const [lease] = await Promise.all([rounds.lease(), finishing]);
    rounds.handle(lease);
    finishing = rounds.finish(lease);
  }
  await finishing;
}
