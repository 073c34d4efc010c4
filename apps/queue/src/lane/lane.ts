/**
 * What is claimed, paused and limited as one: the ready jobs of one tenant, type, rate key ('' for
 * none) and priority. Its order is scheduled_at, then id.
 */
export interface Lane {
  readonly tenantId: string;
  readonly type: string;
  readonly rateKey: string;
  readonly priority: number;
}

/**
 * A place in a lane: time (UTC, ISO with microseconds, as the database writes it) and id. Places
 * compare as texts.
 */
export interface LanePlace {
  readonly at: string;
  readonly id: string;
}

export function laneKey({ tenantId, type, rateKey, priority }: Lane): string {
  return `${tenantId}/${type}/${priority}/${rateKey}`;
}

/** Negative: `a` comes first; 0: they are one place. */
export function comparePlaces(a: LanePlace, b: LanePlace): number {
  return compare(a.at, b.at) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** What a lane needs to be known of a job. */
type InLane = Lane & Readonly<Record<string, unknown>>;

/** The lanes of some jobs, each once. */
export function lanesOf(jobs: readonly (Lane | InLane)[]): Lane[] {
  const lanes = new Map<string, Lane>();
  let last: Lane | undefined;
  for (const job of jobs) {
    if (last && isSameLane(last, job)) continue;
    const { tenantId, type, rateKey, priority } = job;
    last = { tenantId, type, rateKey, priority };
    lanes.set(laneKey(last), last);
  }
  return [...lanes.values()];
}

function isSameLane(a: Lane, b: Lane): boolean {
  return (
    a.tenantId === b.tenantId &&
    a.type === b.type &&
    a.rateKey === b.rateKey &&
    a.priority === b.priority
  );
}
