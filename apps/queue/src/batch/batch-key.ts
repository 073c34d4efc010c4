/** A batch by both parts of its key: statements about all tenants take the pair. */
export interface BatchKey {
  readonly tenantId: string;
  readonly batchId: string;
}

/** Outcomes come in steps of at most so many: what a crash can leave in doubt. */
export const CHECKPOINT_EVERY = 50;

/** Key of a batch within one request. */
export function batchKeyOf({ tenantId, batchId }: BatchKey): string {
  return `${tenantId}/${batchId}`;
}

/** Keys in the order in which every statement locks its rows. */
export function batchesInLockOrder<K extends BatchKey>(keys: readonly K[]): K[] {
  return [...keys].sort((a, b) => (batchKeyOf(a) < batchKeyOf(b) ? -1 : 1));
}

/**
 * The id of one recipient's message: batch id + ordinal. The low 16 bits of a batch id are zero.
 * @param ordinal 0 to 499
 */
export function recipientId(batchId: string, ordinal: number): string {
  return `${batchId.slice(0, -4)}${ordinal.toString(16).padStart(4, '0')}`;
}
