// The relay that everybody writes first (reference/messaging.md 2.2): rows instead of lanes. No login
// may lock rows of the outbox, so an advisory lock per row stands for FOR UPDATE SKIP LOCKED.
import type { SystemTransaction } from '@penguinmails/database';
import { deleteRows, type LaneBatch } from '../../../../libs/outbox/dist/outbox-lanes.js';

export { deleteRows };

const NEXT_ROWS = `
  SELECT seq, topic, key, headers, payload AS value FROM (
    SELECT seq, topic, key, headers, payload FROM outbox
    WHERE lane = $1 AND seq >= $2 ORDER BY seq LIMIT 2000
  ) AS next WHERE pg_try_advisory_xact_lock(seq) LIMIT 500`;

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
