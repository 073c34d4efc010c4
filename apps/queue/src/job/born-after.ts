import { uuidTime } from '@penguinmails/contracts';

/** Ids are made by other machines: their clocks may be ahead of the database's. */
const CLOCK_SKEW_MS = 3_600_000;
const UUID_V7 = '7';

/**
 * A moment before which none of the ids existed, so that partitions before it need not be searched;
 * the epoch when one of them tells no time.
 */
export function bornAfter(ids: readonly string[]): Date {
  const times = ids.map((id) => (id[14] === UUID_V7 ? uuidTime(id).getTime() : 0));
  return new Date(Math.max(0, Math.min(...times) - CLOCK_SKEW_MS));
}
