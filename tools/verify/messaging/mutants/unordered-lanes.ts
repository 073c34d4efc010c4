// A relay that sends the rows of a lane, but not in their order.
import type { SystemTransaction } from '@penguinmails/database';
import {
  deleteRows,
  type LaneBatch,
  nextBatch as nextInOrder,
  tryLockLane,
} from '../../../../libs/outbox/dist/outbox-lanes.js';

export { deleteRows, tryLockLane };

export async function nextBatch(
  tx: SystemTransaction,
  lane: number,
  floor: string,
): Promise<LaneBatch> {
  const batch = await nextInOrder(tx, lane, floor);
  return { ...batch, records: batch.records.toReversed() };
}
