import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { type FoundLane, LaneDirectory } from './lane-directory.js';
import { LaneSystemRepository } from './lane.system.repository.js';

/** Longest time until a job is noticed that nobody gave a sign of: one that plain SQL inserted. */
export const LOOK_EVERY_MS = 1_500;
/** A sign from elsewhere is followed up at once, but not more often than this. */
const LOOK_AFTER_SIGN_MS = 2;
/** A sign is waited for so long by those who would else go without. */
const WORTH_WAITING_MS = 2_000;
/**
 * Looking takes at most this part of the time, however many lanes there are. By the median of the last
 * three looks: the database or this process may have stood still in one, and ten times that would be
 * without a look.
 */
const REST = 10;

/** Where the lanes of one table are read from. */
export interface LaneHeads {
  /** Every lane in which something waits, with the first one's place. */
  look(tx: SystemTransaction): Promise<FoundLane[]>;
}

/**
 * Looks at the index for lanes that this process knows nothing of: jobs of other replicas, of plain
 * SQL, or that fell due. One look at a time, shared by all who wait for work; nobody waits: no look.
 */
@Injectable()
export class LaneLook {
  private endedAt = -Infinity;
  /** Of the last three looks that ended well. */
  private tookMs: readonly number[] = [0, 0, 0];
  private signs = 0;
  private seenSigns = 0;
  private running: Promise<void> | undefined;

  constructor(
    private readonly database: SystemDatabase,
    @Inject(LaneSystemRepository) private readonly repository: LaneHeads,
    private readonly directory: LaneDirectory,
  ) {}

  /** Another replica says that there is something new. */
  sign(): void {
    this.signs += 1;
  }

  /** When the next look is due (ms, monotonic). */
  nextAt(): number {
    const pause = this.signs === this.seenSigns ? LOOK_EVERY_MS : LOOK_AFTER_SIGN_MS;
    return this.endedAt + Math.max(pause, REST * median(this.tookMs));
  }

  /** Whether a look is under way, or time for one. */
  isDue(): boolean {
    return this.running !== undefined || performance.now() >= this.nextAt();
  }

  /** Looks if it is time to; joins a look that is under way. */
  async ifDue(): Promise<void> {
    if (this.isDue()) await this.now();
  }

  /**
   * Looks as `ifDue`, and a little later too if there was a sign that nobody has followed up; a look
   * that began before the sign has not.
   */
  async catchUp(): Promise<void> {
    await this.running;
    const wait = this.nextAt() - performance.now();
    if (this.signs === this.seenSigns || wait > WORTH_WAITING_MS) return this.ifDue();
    if (wait > 0) await delay(wait);
    await this.now();
  }

  /** What is known is out of date: another replica has emptied lanes that seemed to hold jobs. */
  async refresh(): Promise<void> {
    this.sign();
    await this.catchUp();
  }

  private async now(): Promise<void> {
    this.running ??= this.look().finally(() => (this.running = undefined));
    await this.running;
  }

  private async look(): Promise<void> {
    const started = performance.now();
    this.seenSigns = this.signs;
    const before = this.directory.beforeLook();
    try {
      const found = await this.database.once((tx) => this.repository.look(tx), { readOnly: true });
      this.directory.replace(found, before);
      this.tookMs = [...this.tookMs.slice(1), performance.now() - started];
    } finally {
      this.endedAt = performance.now();
    }
  }
}

function median(ofThree: readonly number[]): number {
  return [...ofThree].sort((a, b) => a - b)[1] ?? 0;
}
