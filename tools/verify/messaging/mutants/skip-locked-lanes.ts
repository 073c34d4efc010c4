// The relay that everybody writes first (reference/messaging.md 2.2): rows instead of lanes.
import type { SystemTransaction } from '@penguinmails/database';
import { deleteRows, type LaneBatch } from '../../../../libs/outbox/dist/outbox-lanes.js';

export { deleteRows };

const NEXT_ROWS = `
  SELECT seq, topic, key, headers, payload AS value FROM outbox
  WHERE lane = $1 AND seq >= $2 ORDER BY seq LIMIT 500 FOR UPDATE SKIP LOCKED`;

type Row = LaneBatch['records'][number] & { seq: string };

export const tryLockLane = async (): Promise<boolean> => true;

export async function nextBatch(
  tx: SystemTransaction,
  lane: number,
  floor: string,
): Promise<LaneBatch> {
  const { rows } = await tx.query<Row>(NEXT_ROWS, [lane, floor]);
  return { seqs: rows.map(({ seq }) => seq), records: rows, full: rows.length === 500 };
}
