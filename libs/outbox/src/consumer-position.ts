import type { SliceSession } from './slice-session.js';

export interface PartitionId {
  group: string;
  topic: string;
  partition: number;
}

export interface ConsumerPosition {
  /** Records below it are done. */
  nextOffset: bigint;
  /** Parked events of the partition. */
  parked: number;
}

interface Row {
  next_offset: string;
  parked: number;
}

const LOCK = `
  SELECT next_offset, parked FROM consumer_position
  WHERE consumer_group = $1 AND topic = $2 AND partition = $3 FOR UPDATE`;

const CREATE = `
  INSERT INTO consumer_position (consumer_group, topic, partition) VALUES ($1, $2, $3)
  ON CONFLICT DO NOTHING`;

const ADVANCE = `
  UPDATE consumer_position SET next_offset = $4, parked = parked + $5, updated_at = now()
  WHERE consumer_group = $1 AND topic = $2 AND partition = $3`;

const ADVANCE_PAST = `
  UPDATE consumer_position SET next_offset = greatest(next_offset, $4), updated_at = now()
  WHERE consumer_group = $1 AND topic = $2 AND partition = $3`;

const COUNT_PARKED = `
  UPDATE consumer_position SET parked = parked + $4, updated_at = now()
  WHERE consumer_group = $1 AND topic = $2 AND partition = $3`;

/**
 * Reads the position and keeps its row locked until the end of the transaction: whoever works on a
 * partition (a slice, a retry of parked events) does it alone, and a consumer that lost the
 * partition without knowing it finds the records done.
 */
export async function lockPosition(
  { platform }: Pick<SliceSession, 'platform'>,
  { group, topic, partition }: PartitionId,
): Promise<ConsumerPosition> {
  const id = [group, topic, partition];
  const lock = () => platform.query<Row>(LOCK, id, { name: 'position-lock' });
  let { rows } = await lock();
  if (rows.length === 0) {
    await platform.query(CREATE, id);
    ({ rows } = await lock());
  }
  return { nextOffset: BigInt(rows[0].next_offset), parked: rows[0].parked };
}

/** Stores how far the partition is done and how many events were parked on the way. */
export async function advancePosition(
  { platform }: Pick<SliceSession, 'platform'>,
  { group, topic, partition }: PartitionId,
  nextOffset: bigint,
  newlyParked: number,
): Promise<void> {
  const values = [group, topic, partition, nextOffset.toString(), newlyParked];
  await platform.query(ADVANCE, values, { name: 'position-advance' });
}

/**
 * The same before the position is known: it never goes back.
 * @returns whether there is a position
 */
export async function advancePast(
  { platform }: Pick<SliceSession, 'platform'>,
  { group, topic, partition }: PartitionId,
  nextOffset: bigint,
): Promise<boolean> {
  const values = [group, topic, partition, nextOffset.toString()];
  const { rowCount } = await platform.query(ADVANCE_PAST, values, {
    name: 'position-advance-past',
  });
  return rowCount === 1;
}

export async function countParked(
  { platform }: Pick<SliceSession, 'platform'>,
  { group, topic, partition }: PartitionId,
  change: number,
): Promise<void> {
  if (change !== 0) await platform.query(COUNT_PARKED, [group, topic, partition, change]);
}
