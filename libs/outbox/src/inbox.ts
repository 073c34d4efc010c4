import type { SliceSession } from './slice-session.js';

/** The live consumer of a service; a rebuild of a read model counts for itself. */
const LIVE_CONSUMER = 1;

const INSERT = `
  INSERT INTO inbox (event_id, consumer) SELECT id, $2 FROM unnest($1::uuid[]) AS new (id)
  ON CONFLICT DO NOTHING RETURNING event_id`;

/** Marks the events as taken; returns the ids that had not been taken before. */
export async function takeNew(
  { platform }: SliceSession,
  eventIds: readonly string[],
): Promise<Set<string>> {
  if (eventIds.length === 0) return new Set();
  const { rows } = await platform.query<{ event_id: string }>(INSERT, [eventIds, LIVE_CONSUMER], {
    name: 'inbox-insert',
  });
  return new Set(rows.map(({ event_id }) => event_id));
}
