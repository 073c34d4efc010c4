import { uuidTime } from '@penguinmails/contracts';

/** What is known of how far one tenant's events are counted. */
export interface CountingProgress {
  /** Every event published before is handled, parked or given up; null while that is not known. */
  readonly readUntil: Date | null;
  /** Time of the tenant's oldest event that is parked, its handler having failed; null when none is. */
  readonly oldestParked: Date | null;
}

/**
 * Every event of the tenant that was published before is counted, or was given up. While nothing is known,
 * after a start, that can be said of the time before the tenant was made only.
 */
export function countedUntil(
  tenantId: string,
  { readUntil, oldestParked }: CountingProgress,
): Date {
  const read = readUntil ?? madeAt(tenantId);
  return oldestParked && oldestParked < read ? oldestParked : read;
}

/** Not known of a tenant that plain SQL made, as the seed allows: its id is random. */
function madeAt(tenantId: string): Date {
  return tenantId[14] === '7' ? uuidTime(tenantId) : new Date(0);
}
