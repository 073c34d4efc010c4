import { TenantBusy } from './tenant-busy.js';

export interface FairUse {
  /** Work that may run at the same time: the size of the pool. */
  readonly slots: number;
  /** Slots one tenant may hold. */
  readonly share: number;
  /** Work of one tenant that may run or wait; more is refused. */
  readonly limit: number;
}

const STATEMENTS_PER_TENANT = 100;

/** The seed's limits for a pool of `slots` connections: 100 per tenant, half of the pool. */
export function fairUseOf(slots: number): FairUse {
  return { slots, share: Math.max(1, Math.floor(slots / 2)), limit: STATEMENTS_PER_TENANT };
}

/** One piece of work: waits for a slot, then holds it. */
export interface Ticket {
  readonly running: boolean;
  /** Whether the tenant holds its whole share: what it waits for is its own work. */
  readonly waitsForItself: boolean;
  /** Stops waiting, or gives the slot back; from the second call on without effect. */
  leave(): void;
}

interface Lane {
  readonly share: number;
  readonly limit: number;
  running: number;
  /** In the order of arrival. */
  readonly waiting: Map<Ticket, () => void>;
}

/**
 * Who gets the next free slot: tenants in turn, the work of one tenant in order of arrival, no tenant
 * more than its share. Work without a tenant is one lane among the others, without limits. A lane
 * that waits below its share gets a slot after at most as many grants as lanes wait.
 */
export class FairScheduler {
  private readonly lanes = new Map<string, Lane>();
  /** Lanes with waiting work; the first one is next. */
  private readonly turns = new Set<Lane>();
  private free: number;

  constructor(private readonly use: FairUse) {
    this.free = use.slots;
  }

  /**
   * Asks for a slot; `start` is called when it is there, possibly before this returns.
   *
   * @param tenant undefined for work that is of no tenant
   * @throws TenantBusy when the tenant has too much running or waiting already
   */
  ask(tenant: string | undefined, start: () => void): Ticket {
    const key = tenant ?? '';
    const lane = this.laneOf(key, tenant === undefined);
    if (lane.running + lane.waiting.size >= lane.limit) throw new TenantBusy('limit');
    const ticket = this.ticket(key, lane);
    lane.waiting.set(ticket, start);
    this.turns.add(lane);
    this.dispatch();
    return ticket;
  }

  /** Work that waits, and the number of tenants it is of. */
  waiting(): { work: number; lanes: number } {
    const work = [...this.turns].reduce((sum, lane) => sum + lane.waiting.size, 0);
    return { work, lanes: this.turns.size };
  }

  private laneOf(key: string, unlimited: boolean): Lane {
    const known = this.lanes.get(key);
    if (known) return known;
    const limits = unlimited ? { share: Infinity, limit: Infinity } : this.use;
    const { share, limit } = limits;
    const lane = { share, limit, running: 0, waiting: new Map<Ticket, () => void>() };
    this.lanes.set(key, lane);
    return lane;
  }

  private ticket(key: string, lane: Lane): Ticket {
    let over = false;
    const ticket: Ticket = {
      get running() {
        return !over && !lane.waiting.has(ticket);
      },
      get waitsForItself() {
        return lane.waiting.has(ticket) && lane.running >= lane.share;
      },
      leave: () => {
        if (!over) this.leave(key, lane, ticket);
        over = true;
      },
    };
    return ticket;
  }

  private leave(key: string, lane: Lane, ticket: Ticket): void {
    if (lane.waiting.delete(ticket)) this.stopWaiting(lane);
    else this.giveBack(lane);
    if (lane.running + lane.waiting.size === 0) this.lanes.delete(key);
  }

  private stopWaiting(lane: Lane): void {
    if (lane.waiting.size === 0) this.turns.delete(lane);
  }

  private giveBack(lane: Lane): void {
    lane.running -= 1;
    this.free += 1;
    this.dispatch();
  }

  private dispatch(): void {
    while (this.free > 0) {
      const lane = this.next();
      if (!lane) return;
      this.grant(lane);
    }
  }

  /** At most two lanes can hold half of the slots, so this looks at three. */
  private next(): Lane | undefined {
    for (const lane of this.turns) if (lane.running < lane.share) return lane;
    return undefined;
  }

  private grant(lane: Lane): void {
    const [ticket, start] = lane.waiting.entries().next().value!;
    lane.waiting.delete(ticket);
    this.turns.delete(lane);
    if (lane.waiting.size > 0) this.turns.add(lane);
    lane.running += 1;
    this.free -= 1;
    start();
  }
}
