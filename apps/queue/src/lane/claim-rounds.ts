import { comparePlaces, type Lane, laneKey, type LanePlace } from './lane.js';
import type { LaneDirectory, PlannedLane } from './lane-directory.js';
import type { LaneLook } from './lane-look.js';
import type { Claimer } from './lane.system.repository.js';

/** Statements of one claim: lanes that turn out to be short leave room for others. */
const ROUNDS = 3;

/** A limit that is used up is looked at again so soon: somebody may have raised it. */
const LONGEST_HOLD_MS = 2_000;

/** What stands in a lane. */
export interface InLane extends Lane {
  /** UTC with microseconds, as the database writes it. */
  readonly scheduledAt: string;
}

/** A lane of which nothing may be taken yet, and for how many milliseconds. */
interface HeldLane {
  readonly lane: PlannedLane;
  readonly forMs: number;
}

/**
 * How jobs, and batches, are taken out of their lanes, sharing fairly between tenants: a claim is
 * divided equally among the tenants that have something ready, so a million rows of one delay the
 * next one's by a claim or two. Within a tenant by priority, then scheduled_at, then id.
 */
export abstract class ClaimRounds<T extends InLane> {
  protected constructor(
    protected readonly directory: LaneDirectory,
    protected readonly laneLook: LaneLook,
  ) {}

  /**
   * Up to `max` of the types, in the order in which they should run. Once a look at the index is due,
   * one claim makes it; the others go on with what is known.
   */
  async execute(types: readonly string[], max: number, claimer: Claimer): Promise<T[]> {
    const claiming = this.claim(types, max, claimer);
    const looking = Promise.allSettled([this.laneLook.ifDue()]);
    const claimed = await claiming;
    // Who has something does not wait for the look.
    const [looked] = claimed.length > 0 ? [] : await looking;
    if (looked?.status === 'rejected') throw looked.reason;
    // UPDATE … RETURNING promises no order.
    return claimed.sort((a, b) => b.priority - a.priority || this.inPlaceOrder(a, b));
  }

  /** When a claim may find something without a sign (ms, monotonic). */
  nextTry(types: readonly string[]): number {
    return Math.min(this.directory.nextOpening(types), this.laneLook.nextAt());
  }

  /** Takes of the planned lanes into `into`, as soon as it is taken, and settles or holds each lane. */
  protected abstract take(
    planned: readonly PlannedLane[],
    claimer: Claimer,
    into: T[],
  ): Promise<void>;

  protected abstract idOf(taken: T): string;

  /** What was taken of each lane. */
  protected byLane(taken: readonly T[]): (lane: PlannedLane) => readonly T[] {
    const lanes = Map.groupBy(taken, laneKey);
    return ({ quota }) => lanes.get(laneKey(quota)) ?? [];
  }

  protected lastPlace(taken: readonly T[]): LanePlace | null {
    if (taken.length === 0) return null;
    return this.placeOf(taken.reduce((a, b) => (this.inPlaceOrder(a, b) > 0 ? a : b)));
  }

  protected hold(held: readonly HeldLane[]): void {
    for (const { lane, forMs } of held) this.directory.hold(lane, Math.min(forMs, LONGEST_HOLD_MS));
  }

  /**
   * What was taken is handed out even if a later statement fails: it is leased, and the next claim
   * meets the same failure.
   */
  private async claim(types: readonly string[], max: number, claimer: Claimer): Promise<T[]> {
    const taken: T[] = [];
    try {
      for (let round = 0; round < ROUNDS && taken.length < max; round += 1) {
        const planned = await this.plan(types, max - taken.length);
        if (planned.length === 0) break;
        await this.take(planned, claimer, taken).finally(() => this.directory.release(planned));
        if (taken.length === 0) await this.laneLook.refresh();
      }
    } catch (error) {
      if (taken.length === 0) throw error;
    }
    return taken;
  }

  /** Where nothing is known, what a look shows. */
  private async plan(types: readonly string[], max: number): Promise<PlannedLane[]> {
    const planned = this.directory.plan(types, max);
    if (planned.length > 0) return planned;
    await this.laneLook.catchUp();
    return this.directory.plan(types, max);
  }

  private placeOf(taken: T): LanePlace {
    return { at: taken.scheduledAt, id: this.idOf(taken) };
  }

  private inPlaceOrder(a: T, b: T): number {
    return comparePlaces(this.placeOf(a), this.placeOf(b));
  }
}
