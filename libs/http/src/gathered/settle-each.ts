import type { Outcome, ProvenCall } from './gathered-desk.js';

/**
 * Reads each call and does the work of those that can be read, so that a bad one is its own problem only.
 * @param work one outcome for each call it is given, in their order
 */
export async function settleEach<T>(
  calls: readonly ProvenCall[],
  read: (call: ProvenCall) => Promise<T>,
  work: (read: readonly T[]) => Promise<readonly Outcome[]>,
): Promise<Outcome[]> {
  const results = await Promise.allSettled(calls.map(read));
  const good = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const outcomes = good.length > 0 ? [...(await work(good))] : [];
  return results.map((result) =>
    result.status === 'fulfilled' ? (outcomes.shift() as Outcome) : { error: result.reason },
  );
}
