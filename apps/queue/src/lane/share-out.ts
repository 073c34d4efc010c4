import type { Lane } from './lane.js';

/** A lane and its part of a claim. */
export interface LaneShare<L extends Lane> {
  readonly lane: L;
  readonly most: number;
}

/**
 * Shares `max` among tenants equally, and a tenant's part among its most urgent lanes: those of its
 * highest priority. Parts are never 0; what does not fit waits for its turn.
 * @param tenants the open lanes of each tenant, in the tenants' turn
 */
export function shareOut<L extends Lane>(
  tenants: readonly (readonly L[])[],
  max: number,
): LaneShare<L>[] {
  return parts(tenants, max).flatMap(({ item: lanes, most }) => {
    const highest = Math.max(...lanes.map((lane) => lane.priority));
    const urgent = lanes.filter((lane) => lane.priority === highest);
    return parts(urgent, most).map(({ item: lane, most: part }) => ({ lane, most: part }));
  });
}

/** Equal parts; the first ones get what is left over. With more items than `max` only the first. */
function parts<T>(items: readonly T[], max: number): { item: T; most: number }[] {
  const some = items.slice(0, max);
  return some.map((item, at) => ({
    item,
    most: Math.floor(max / some.length) + (at < max % some.length ? 1 : 0),
  }));
}
