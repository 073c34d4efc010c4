import type { SystemTransaction } from '@penguinmails/database';

export const parkedStates = ['retrying', 'waiting', 'dead'] as const;

/** retrying: its handler failed; waiting: behind an earlier one of its key; dead: given up. */
export type ParkedState = (typeof parkedStates)[number];

/** A parked or dead event as operators see it: no payload, and events hold no personal data. */
export interface ParkedReport {
  readonly object: 'parked_event';
  readonly id: string;
  readonly state: ParkedState;
  readonly tenant_id: string;
  readonly topic: string;
  readonly partition: number;
  /** Decimal digits. */
  readonly offset: string;
  readonly key: string;
  readonly event_id: string;
  readonly type: string;
  readonly attempts: number;
  /** Slug of the last failure; null while it only waits. */
  readonly last_error: string | null;
  /** RFC 3339, UTC; null unless it is retried by the timer. */
  readonly next_attempt_at: string | null;
  /** When it was parked; RFC 3339, UTC, microseconds: the list is in this order. */
  readonly created_at: string;
  /** When it was given up; null before. */
  readonly dead_at: string | null;
}

/** Which events a page shows; null: any. */
export interface ParkedFilter {
  readonly topic: string | null;
  readonly key: string | null;
  readonly state: ParkedState | null;
  /** The last row of the page before. */
  readonly after: { readonly createdAt: string; readonly id: string } | null;
  readonly limit: number;
}

const text = (column: string) =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const FIELDS = `'parked_event' AS object, id, state, tenant_id, topic, partition,
  record_offset::text AS "offset", key, event_id, type, attempts, last_error,
  ${text('next_attempt_at')} AS next_attempt_at, ${text('parked_at')} AS created_at,
  ${text('dead_at')} AS dead_at`;

const COLUMNS = `id, tenant_id, consumer_group, topic, partition, record_offset, key, event_id, type,
  attempts, last_error, parked_at`;

const BOTH = `(
  SELECT ${COLUMNS}, CASE WHEN last_error IS NULL THEN 'waiting' ELSE 'retrying' END AS state,
    CASE WHEN last_error IS NOT NULL THEN next_attempt_at END AS next_attempt_at,
    NULL::timestamptz AS dead_at
  FROM parked_event
  UNION ALL
  SELECT ${COLUMNS}, 'dead', NULL, dead_at FROM dead_event
) AS event`;

const LIST = `
  SELECT ${FIELDS} FROM ${BOTH}
  WHERE consumer_group = $1 AND ($2::text IS NULL OR topic = $2) AND ($3::text IS NULL OR key = $3)
    AND ($4::text IS NULL OR state = $4)
    AND ($5::timestamptz IS NULL OR (parked_at, id) < ($5, $6::uuid))
  ORDER BY event.parked_at DESC, event.id DESC LIMIT $7`;

const FIND = `SELECT ${FIELDS} FROM ${BOTH} WHERE consumer_group = $1 AND id = $2`;

/** Newest first; one row more than `limit` when there is more. Looks at all tenants. */
export async function listParked(
  tx: SystemTransaction,
  group: string,
  { topic, key, state, after, limit }: ParkedFilter,
): Promise<ParkedReport[]> {
  const page = [after?.createdAt ?? null, after?.id ?? null, limit + 1];
  return (await tx.query<ParkedReport>(LIST, [group, topic, key, state, ...page])).rows;
}

/** Undefined when this consumer group has no such event. */
export async function findParked(
  tx: SystemTransaction,
  group: string,
  id: string,
): Promise<ParkedReport | undefined> {
  return (await tx.query<ParkedReport>(FIND, [group, id])).rows.at(0);
}
