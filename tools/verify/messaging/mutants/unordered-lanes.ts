// A relay that sends the rows of a lane, but not in their order.
import type { SystemTransaction } from '@penguinmails/database';
import {
  deleteRows,
  type HeldLane,
  type LaneBatch,
  lockLanes,
  nextBatch as nextInOrder,
} from '../../../../libs/outbox/dist/outbox-lanes.js';

export { deleteRows, lockLanes };

export async function nextBatch(
  tx: SystemTransaction,
  held: readonly HeldLane[],
): Promise<LaneBatch> {
  const batch = await nextInOrder(tx, held);
  return { ...batch, records: batch.records.toReversed() };
}
