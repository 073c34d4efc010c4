import type { SystemTransaction } from '@penguinmails/database';
import type { OutgoingRecord } from '@penguinmails/kafka';

/** First key of the relay's advisory locks; the second is the lane. */
const LOCK_SPACE = 0x6f757462;
const BATCH_ROWS = 500;
/** Of each lane when many are read at once: little has gathered, or the next round takes them singly. */
const ROWS_OF_EACH = 32;
/** Values and headers (about 1 kB a record) of one batch: below the broker's 1 MB per request. */
const BATCH_BYTES = 900_000;

/** All in the order of seq, so that what a limit cuts off of a lane is its end. */
const nextRows = (rowsOfEach: number): string => `
  SELECT lane, seq, topic, key, headers, payload, found FROM (
    SELECT next.*, count(*) OVER () AS found,
      sum(coalesce(octet_length(payload), 0) + 1000) OVER (ORDER BY seq) AS bytes,
      row_number() OVER (ORDER BY seq) AS place
    FROM unnest($1::smallint[], $2::bigint[]) AS wanted (lane, floor)
    CROSS JOIN LATERAL (
      SELECT lane, seq, topic, key, headers, payload FROM outbox
      WHERE outbox.lane = wanted.lane AND seq >= wanted.floor ORDER BY seq LIMIT ${rowsOfEach}
    ) AS next
  ) AS measured
  WHERE place = 1 OR bytes <= ${BATCH_BYTES}
  ORDER BY seq`;

const NEXT_OF_ONE = nextRows(BATCH_ROWS);
const NEXT_OF_MANY = nextRows(ROWS_OF_EACH);

/** The next rows of some lanes, in order. */
export interface LaneBatch {
  seqs: string[];
  records: OutgoingRecord[];
  /** Whether the lanes may hold more. */
  full: boolean;
}

/** A lane that this transaction holds. */
export interface HeldLane {
  readonly lane: number;
  /** Nothing of the lane is below it (LaneFloors). */
  readonly floor: string;
}

interface Row extends OutgoingRecord {
  lane: number;
  seq: string;
  payload: string | null;
  found: string;
}

/**
 * Takes what is free of these lanes until the end of the transaction; another relay may have the others.
 * The rows must be read by a later statement: only its snapshot shows what a lane's last holder deleted.
 */
export async function lockLanes(
  tx: SystemTransaction,
  lanes: readonly number[],
): Promise<Set<number>> {
  const { rows } = await tx.query<{ lane: number }>(
    `SELECT lane FROM unnest($2::int[]) AS wanted (lane) WHERE pg_try_advisory_xact_lock($1, lane)`,
    [LOCK_SPACE, lanes],
    { name: 'outbox-lock-lanes' },
  );
  return new Set(rows.map(({ lane }) => lane));
}

/** Up to 500 rows of one lane, or the first few of each of several. */
export async function nextBatch(
  tx: SystemTransaction,
  held: readonly HeldLane[],
): Promise<LaneBatch> {
  const values = [held.map(({ lane }) => lane), held.map(({ floor }) => floor)];
  const ofOne = held.length === 1;
  const { rows } = ofOne
    ? await tx.query<Row>(NEXT_OF_ONE, values, { name: 'outbox-next-batch' })
    : await tx.query<Row>(NEXT_OF_MANY, values, { name: 'outbox-next-of-lanes' });
  return {
    seqs: rows.map(({ seq }) => seq),
    records: rows.map(({ topic, key, headers, payload }) => ({
      topic,
      key,
      headers,
      value: payload,
    })),
    full: isFull(rows, ofOne ? BATCH_ROWS : ROWS_OF_EACH),
  };
}

/** Whether a limit of rows or of bytes may have kept some back. */
function isFull(rows: readonly Row[], rowsOfEach: number): boolean {
  if (rows.length === 0) return false;
  if (Number(rows[0].found) > rows.length) return true;
  const perLane = new Map<number, number>();
  for (const { lane } of rows) perLane.set(lane, (perLane.get(lane) ?? 0) + 1);
  return Math.max(...perLane.values()) >= rowsOfEach;
}

/** By their numbers and not by a range: a row with a lower one may have been committed meanwhile. */
export async function deleteRows(tx: SystemTransaction, seqs: readonly string[]): Promise<void> {
  await tx.query('DELETE FROM outbox WHERE seq = ANY ($1::bigint[])', [seqs], {
    name: 'outbox-delete',
  });
}
