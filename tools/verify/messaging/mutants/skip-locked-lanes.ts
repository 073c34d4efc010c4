// The relay that everybody writes first (reference/messaging.md 2.2): rows instead of lanes. No login
// may lock rows of the outbox, so an advisory lock per row stands for FOR UPDATE SKIP LOCKED.
import type { SystemTransaction } from '@penguinmails/database';
import {
  deleteRows,
  type HeldLane,
  type LaneBatch,
} from '../../../../libs/outbox/dist/outbox-lanes.js';

export { deleteRows };

const NEXT_ROWS = `
  SELECT seq, topic, key, headers, payload AS value FROM (
    SELECT outbox.* FROM unnest($1::smallint[], $2::bigint[]) AS wanted (lane, floor)
    JOIN outbox ON outbox.lane = wanted.lane AND seq >= wanted.floor ORDER BY seq LIMIT 2000
  ) AS next WHERE pg_try_advisory_xact_lock(seq) LIMIT 500`;

type Row = LaneBatch['records'][number] & { seq: string };

export const lockLanes = async (_: unknown, lanes: readonly number[]): Promise<Set<number>> =>
  new Set(lanes);

export async function nextBatch(
  tx: SystemTransaction,
  held: readonly HeldLane[],
): Promise<LaneBatch> {
  const values = [held.map(({ lane }) => lane), held.map(({ floor }) => floor)];
  const { rows } = await tx.query<Row>(NEXT_ROWS, values);
  return { seqs: rows.map(({ seq }) => seq), records: rows, full: rows.length === 500 };
}
