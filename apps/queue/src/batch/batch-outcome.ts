import type { OutcomeKind } from '../job/outcome.js';

/** How the sending to one recipient of a batch may end. The place is the code in the byte. */
export const batchOutcomes = [
  'delivered',
  'bounced',
  'failed',
  'unknown',
  'cancelled',
  'deferred',
] as const satisfies readonly OutcomeKind[];
export type BatchOutcome = (typeof batchOutcomes)[number];

/** Outcomes after which the recipient has left the batch as a single job carry this bit. */
export const LEFT = 0x10;
const KIND = 0x0f;
const DEAD: readonly BatchOutcome[] = ['failed', 'unknown', 'deferred'];

/** What became of one recipient: 1 to 6 by kind, and whether a single job goes on with it. */
export interface RecipientOutcome {
  readonly outcome: BatchOutcome;
  readonly hasLeft: boolean;
}

/** One byte an ordinal, as `job_batches.done` and `batch_history.outcomes` keep them. */
export function outcomeBytes(outcomes: readonly RecipientOutcome[]): Buffer {
  return Buffer.from(
    outcomes.map(
      ({ outcome, hasLeft }) => (batchOutcomes.indexOf(outcome) + 1) | (hasLeft ? LEFT : 0),
    ),
  );
}

/** @throws RangeError for a byte that stands for nothing */
export function outcomesOf(bytes: Uint8Array): RecipientOutcome[] {
  return [...bytes].map((byte) => {
    const outcome = batchOutcomes.at((byte & KIND) - 1);
    if ((byte & KIND) === 0 || !outcome || byte > (LEFT | KIND))
      throw new RangeError(`${byte} is no outcome`);
    return { outcome, hasLeft: (byte & LEFT) !== 0 };
  });
}

/** Recipients whose sending ended in the batch itself, and how many of those ended dead. */
export function countEnds(bytes: Uint8Array): { ended: number; dead: number } {
  const ends = outcomesOf(bytes).filter(({ hasLeft }) => !hasLeft);
  return { ended: ends.length, dead: ends.filter(({ outcome }) => DEAD.includes(outcome)).length };
}
