import type { SystemTransaction } from '@penguinmails/database';
import type { OutgoingRecord } from '@penguinmails/kafka';

/** First key of the relay's advisory locks; the second is the lane. */
const LOCK_SPACE = 0x6f757462;
const BATCH_ROWS = 500;
/** Values and headers (about 1 kB a record) of one batch: below the broker's 1 MB per request. */
const BATCH_BYTES = 900_000;

const NEXT_BATCH = `
  SELECT seq, topic, key, headers, payload FROM (
    SELECT seq, topic, key, headers, payload,
      sum(coalesce(octet_length(payload), 0) + 1000) OVER (ORDER BY seq) AS bytes,
      row_number() OVER (ORDER BY seq) AS place
    FROM (
      SELECT seq, topic, key, headers, payload FROM outbox
      WHERE lane = $1 AND seq >= $2 ORDER BY seq LIMIT ${BATCH_ROWS}
    ) AS next
  ) AS measured
  WHERE place = 1 OR bytes <= ${BATCH_BYTES}
  ORDER BY seq`;

/** The next rows of a lane, in order. */
export interface LaneBatch {
  seqs: string[];
  records: OutgoingRecord[];
  /** Whether the lane may hold more. */
  full: boolean;
}

interface Row extends OutgoingRecord {
  seq: string;
  payload: string | null;
}

/**
 * Takes the lane until the end of the transaction; false when another relay has it. The rows must
 * be read by a later statement: only its snapshot shows what the lane's last holder deleted.
 */
export async function tryLockLane(tx: SystemTransaction, lane: number): Promise<boolean> {
  const { rows } = await tx.query<{ locked: boolean }>(
    'SELECT pg_try_advisory_xact_lock($1, $2) AS locked',
    [LOCK_SPACE, lane],
    { name: 'outbox-lock-lane' },
  );
  return rows[0].locked;
}

/** @param floor nothing of the lane is below it (LaneFloors) */
export async function nextBatch(
  tx: SystemTransaction,
  lane: number,
  floor: string,
): Promise<LaneBatch> {
  const values = [lane, floor];
  const { rows } = await tx.query<Row>(NEXT_BATCH, values, { name: 'outbox-next-batch' });
  return {
    seqs: rows.map(({ seq }) => seq),
    records: rows.map(({ topic, key, headers, payload }) => ({
      topic,
      key,
      headers,
      value: payload,
    })),
    full: rows.length === BATCH_ROWS,
  };
}

/** By their numbers and not by a range: a row with a lower one may have been committed meanwhile. */
export async function deleteRows(tx: SystemTransaction, seqs: readonly string[]): Promise<void> {
  await tx.query('DELETE FROM outbox WHERE seq = ANY ($1::bigint[])', [seqs], {
    name: 'outbox-delete',
  });
}
