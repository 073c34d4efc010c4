import { comparePlaces, type Lane, laneKey, type LanePlace } from './lane.js';
import { shareOut } from './share-out.js';

/** A lane and how far a claim may read into it. */
export interface LaneQuota extends Lane {
  /** Read on behind this place; null: from the front. */
  readonly after: LanePlace | null;
  readonly most: number;
}

/** A lane as the database shows it: the place of its first waiting job, due or not. */
export interface FoundLane extends Lane {
  readonly head: LanePlace;
  /** Milliseconds until the head is due; ≤ 0: it is. */
  readonly dueInMs: number;
}

/** A lane in which jobs may be ready. */
interface KnownLane extends Lane {
  cursor: LanePlace | null;
  /** When its first job is due (ms, monotonic); Infinity: it was read to its end. */
  openAt: number;
  /** Its limit is used up until then (ms, monotonic). */
  heldUntil: number;
  /** The claim of this process that reads it: a second one would only walk over what that one locks. */
  reader: number | null;
  /** The directory's count at the last sign of new jobs. */
  touched: number;
  /** How often its cursor was moved back. */
  rewinds: number;
}

/** A claim of one lane that has been planned and must be settled or released. */
export interface PlannedLane {
  readonly quota: LaneQuota;
  readonly reader: number;
  readonly touched: number;
  readonly rewinds: number;
}

const NIL = '00000000-0000-0000-0000-000000000000';

/**
 * Which lanes may hold ready jobs, and how far each has been read. It is a memory of this process
 * only: signs come from commits of this process (`wake`), and from looking at the whole index now and
 * then (`replace`). What it forgets or does not know costs time until the next look, never a job.
 *
 * The cursor spares the claim the index entries of jobs that were claimed before and that no vacuum
 * can remove while an old snapshot is held.
 */
export class LaneDirectory {
  /** By tenant, in the order in which they are served next. */
  private readonly tenants = new Map<string, Map<string, KnownLane>>();
  private touches = 0;
  private readers = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /**
   * Jobs became ready in these lanes.
   * @param since the earliest time at which one of them is due; default: they may stand anywhere
   */
  wake(lanes: readonly Lane[], since?: string): void {
    for (const lane of lanes) {
      const known = this.know(lane);
      rewind(known, since === undefined ? null : { at: since, id: NIL });
      known.openAt = 0;
      known.touched = this.touches += 1;
    }
  }

  /** To be asked before a look at the index begins, and given to `replace` with what it found. */
  beforeLook(): number {
    return this.touches;
  }

  /** Takes over what the index shows, all of it, except where a sign of new jobs came meanwhile. */
  replace(found: readonly FoundLane[], beforeLook: number): void {
    const keys = new Set(found.map(laneKey));
    for (const [tenantId, lanes] of this.tenants) {
      for (const [key, lane] of lanes)
        if (!keys.has(key) && lane.reader === null && lane.touched <= beforeLook) lanes.delete(key);
      if (lanes.size === 0) this.tenants.delete(tenantId);
    }
    found.forEach((lane) => this.refresh(lane, beforeLook));
  }

  /**
   * Up to `max` jobs' worth of open lanes: equal shares for the tenants, the next ones in turn first.
   * Every planned lane has to be settled, held or released.
   */
  plan(types: readonly string[], max: number): PlannedLane[] {
    const wanted = new Set(types);
    const now = this.now();
    const waiting = [...this.tenants].flatMap(([tenantId, lanes]) => {
      const open = [...lanes.values()].filter(
        (lane) => lane.reader === null && opening(lane) <= now && wanted.has(lane.type),
      );
      return open.length > 0 ? [{ tenantId, open }] : [];
    });
    const served = waiting.slice(0, max);
    served.forEach(({ tenantId }) => this.toTheEnd(tenantId));
    const shares = shareOut(
      served.map(({ open }) => open),
      max,
    );
    const reader = (this.readers += 1);
    return shares.map(({ lane, most }) => begin(lane, most, reader));
  }

  /**
   * What a claim took of a planned lane.
   * @param last the last place that was taken; null: none
   * @param restMs the lane is left alone for so long
   */
  settle(planned: PlannedLane, taken: number, last: LanePlace | null, restMs = 0): void {
    const lane = this.end(planned);
    if (!lane) return;
    if (last && lane.rewinds === planned.rewinds) lane.cursor = last;
    if (taken < planned.quota.most && lane.touched === planned.touched) lane.openAt = Infinity;
    if (restMs > 0) lane.heldUntil = this.now() + restMs;
  }

  /** Its limit is used up: nothing of the lane can be claimed for so many milliseconds. */
  hold(planned: PlannedLane, forMs: number): void {
    const lane = this.end(planned);
    if (lane) lane.heldUntil = this.now() + forMs;
  }

  /** The claim failed: lanes that were neither settled nor held are as they were. */
  release(planned: readonly PlannedLane[]): void {
    planned.forEach((each) => this.end(each));
  }

  /** When the next lane opens by itself (ms, monotonic); Infinity: none that is known. */
  nextOpening(types: readonly string[]): number {
    const wanted = new Set(types);
    let next = Infinity;
    for (const lanes of this.tenants.values())
      for (const lane of lanes.values())
        if (lane.reader === null && wanted.has(lane.type)) next = Math.min(next, opening(lane));
    return next;
  }

  /** The lane, unless its reading has been ended before; another claim may read it by now. */
  private end({ quota, reader }: PlannedLane): KnownLane | undefined {
    const lane = this.find(quota);
    if (lane?.reader !== reader) return undefined;
    lane.reader = null;
    return lane;
  }

  private find(lane: Lane): KnownLane | undefined {
    return this.tenants.get(lane.tenantId)?.get(laneKey(lane));
  }

  private know(lane: Lane): KnownLane {
    const known = this.find(lane);
    if (known) return known;
    const { tenantId, type, rateKey, priority } = lane;
    const fresh: KnownLane = {
      ...{ tenantId, type, rateKey, priority },
      ...{ cursor: null, openAt: 0, heldUntil: 0, reader: null, touched: 0, rewinds: 0 },
    };
    const lanes = this.tenants.get(tenantId) ?? new Map<string, KnownLane>();
    this.tenants.set(tenantId, lanes.set(laneKey(lane), fresh));
    return fresh;
  }

  private refresh(found: FoundLane, beforeLook: number): void {
    const lane = this.know(found);
    if (lane.touched > beforeLook) return;
    rewind(lane, found.head);
    lane.openAt = found.dueInMs > 0 ? this.now() + found.dueInMs : 0;
  }

  private toTheEnd(tenantId: string): void {
    const lanes = this.tenants.get(tenantId);
    if (!lanes) return;
    this.tenants.delete(tenantId);
    this.tenants.set(tenantId, lanes);
  }
}

function opening({ openAt, heldUntil }: KnownLane): number {
  return Math.max(openAt, heldUntil);
}

/** So that `place` is read again; null: everything. */
function rewind(lane: KnownLane, place: LanePlace | null): void {
  if (!lane.cursor || (place && comparePlaces(lane.cursor, place) < 0)) return;
  lane.cursor = place && { at: place.at, id: NIL };
  lane.rewinds += 1;
}

function begin(lane: KnownLane, most: number, reader: number): PlannedLane {
  lane.reader = reader;
  const { tenantId, type, rateKey, priority, cursor, touched, rewinds } = lane;
  const quota = { tenantId, type, rateKey, priority, after: cursor, most };
  return { quota, reader, touched, rewinds };
}
