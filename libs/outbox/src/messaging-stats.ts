import type { SystemDatabase } from '@penguinmails/database';

/** What waits in the tables of this library. */
export interface MessagingStats {
  /** Exact up to 100 000. */
  outboxDepth: number;
  outboxOldestSeconds: number;
  parkedKeys: number;
}

const STATS = `
  SELECT
    (SELECT count(*) FROM (SELECT FROM outbox LIMIT 100000) AS waiting)::int AS depth,
    (SELECT coalesce(extract(epoch FROM now() - min(head.created_at)), 0)
     FROM generate_series(0, 31) AS lane (n) CROSS JOIN LATERAL (
       SELECT created_at FROM outbox WHERE outbox.lane = lane.n::smallint ORDER BY seq LIMIT 1
     ) AS head)::float8 AS oldest,
    (SELECT count(DISTINCT (tenant_id, topic, key)) FROM parked_event)::int AS parked_keys`;

interface Row {
  depth: number;
  oldest: number;
  parked_keys: number;
}

/** One statement on the system login. */
export async function readStats(system: SystemDatabase): Promise<MessagingStats> {
  const { rows } = await system.once((tx) => tx.query<Row>(STATS), { readOnly: true });
  const { depth, oldest, parked_keys } = rows[0];
  return {
    outboxDepth: depth,
    outboxOldestSeconds: Math.max(oldest, 0),
    parkedKeys: parked_keys,
  };
}
