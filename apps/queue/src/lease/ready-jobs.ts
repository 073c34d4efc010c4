import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Database } from '@penguinmails/database';
import type { Lane } from '../lane/lane.js';
import { LaneDirectory } from '../lane/lane-directory.js';
import { LaneLook } from '../lane/lane-look.js';

const CHANNEL = 'penguinmails_queue_ready';

/** Claims that this replica runs at the same time; a wake-up of many waiters costs no more. */
const CLAIMS_AT_ONCE = 4;

/** How those who wait try to get something. */
export interface Attempt<T> {
  claim(): Promise<T[]>;
  /** When the next claim may find something without a sign (ms, monotonic). */
  nextTry(): number;
}

/**
 * Where requests for work wait. Commits of this process wake them at once; other replicas hear of it by
 * a notification that names nobody (tenancy.md: a channel is open to every login) and look for
 * themselves. What nobody gives a sign of is found by looking now and then.
 */
@Injectable()
export class ReadyJobs implements OnModuleInit, OnModuleDestroy {
  protected readonly channelName: string = CHANNEL;
  private readonly replica = randomUUID();
  private version = 0;
  private closed = false;
  private readonly sleepers = new Set<() => void>();
  private readonly places = new Places(CLAIMS_AT_ONCE);
  private channel?: { send(payload: string): void };

  constructor(
    private readonly database: Database,
    private readonly directory: LaneDirectory,
    private readonly laneLook: LaneLook,
  ) {}

  onModuleInit(): void {
    this.channel = this.database.listen(this.channelName, (sender) => {
      if (sender !== this.replica) this.lookAgain();
    });
  }

  /**
   * Jobs have become ready. Call it after the commit.
   * @param lanes where; default: nobody knows
   * @param since the earliest time for which one of them is scheduled; default: they may stand anywhere
   */
  wake(lanes?: readonly Lane[], since?: string): void {
    if (lanes?.length === 0) return;
    this.channel?.send(this.replica);
    if (!lanes) return this.lookAgain();
    this.directory.wake(lanes, since);
    this.resume();
  }

  /** Nobody waits any longer: the process is going. */
  onModuleDestroy(): void {
    this.closed = true;
    this.resume();
  }

  /**
   * Claims until that gives something, until `waitMs` are over, `abandoned` fires or the process goes;
   * between tries it sleeps.
   */
  async take<T>(waitMs: number, abandoned: AbortSignal, attempt: Attempt<T>): Promise<T[]> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const seen = this.version;
      const taken = await this.places.use(() => attempt.claim());
      // The lanes that this claim read are free for the others again.
      if (taken.length > 0) this.resume();
      const over = performance.now() >= deadline || this.closed || abandoned.aborted;
      if (taken.length > 0 || over) return taken;
      if (this.version === seen) await this.sleep(Math.min(deadline, attempt.nextTry()), abandoned);
      if (abandoned.aborted) return [];
    }
  }

  private lookAgain(): void {
    this.laneLook.sign();
    this.resume();
  }

  private resume(): void {
    this.version += 1;
    [...this.sleepers].forEach((wakeUp) => wakeUp());
  }

  /** Until a wake-up, `until` (ms, monotonic) or `abandoned`, whichever comes first. */
  private async sleep(until: number, abandoned: AbortSignal): Promise<void> {
    const ms = Math.max(1, Math.ceil(until - performance.now()));
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        abandoned.removeEventListener('abort', done);
        this.sleepers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      abandoned.addEventListener('abort', done);
      this.sleepers.add(done);
    });
  }
}

/** A fixed number of places, taken in the order of asking. */
class Places {
  private readonly queue: (() => void)[] = [];

  constructor(private free: number) {}

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resume) => this.queue.push(resume));
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  /** The place goes to the next in line, or becomes free. */
  private leave(): void {
    const next = this.queue.shift();
    if (next) next();
    else this.free += 1;
  }
}
