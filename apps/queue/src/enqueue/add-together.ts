import { Injectable } from '@nestjs/common';
import { isRefusedValue, SystemDatabase } from '@penguinmails/database';
import { ReadyJobs } from '../lease/ready-jobs.js';
import { announceJobs } from './announce-jobs.js';
import { EnqueueSystemRepository } from './enqueue.system.repository.js';
import type { NewJob } from './new-job.js';

/** Statements under way at a time; what is added meanwhile travels in the next one. */
const UNDER_WAY = 2;
/** Jobs of one statement. */
const MOST = 500;

interface Waiting {
  readonly job: NewJob;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Stores jobs that come one by one, as many as there are in one statement and one commit. No timer: a
 * job that comes alone goes at once. The jobs must be fresh (their ids made for this call, no dedupe key),
 * so that none can wait for another transaction, and its neighbours with it.
 */
@Injectable()
export class AddTogether {
  private waiting: Waiting[] = [];
  private underWay = 0;

  constructor(
    private readonly database: SystemDatabase,
    private readonly jobs: EnqueueSystemRepository,
    private readonly ready: ReadyJobs,
  ) {}

  /**
   * Settles when the job is durable. A job that the database refuses fails alone; when the connection
   * broke, nobody knows whether the jobs that went with it are stored, and each is told so.
   */
  add(job: NewJob): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ job, resolve, reject });
      if (this.underWay < UNDER_WAY) void this.sendAll();
    });
  }

  private async sendAll(): Promise<void> {
    this.underWay += 1;
    await Promise.resolve(); // whoever else adds in this turn is taken along
    while (this.waiting.length > 0) await this.send(this.waiting.splice(0, MOST));
    this.underWay -= 1;
  }

  /** Settles each of them; never rejects. A statement that one of them broke is halved until it is alone. */
  private async send(some: readonly Waiting[]): Promise<void> {
    try {
      await this.store(some.map(({ job }) => job));
      for (const { resolve } of some) resolve();
    } catch (error) {
      if (some.length > 1 && isRefusedValue(error)) await this.sendHalves(some);
      else for (const { reject } of some) reject(error);
    }
  }

  private async sendHalves(some: readonly Waiting[]): Promise<void> {
    const middle = Math.ceil(some.length / 2);
    await this.send(some.slice(0, middle));
    await this.send(some.slice(middle));
  }

  private async store(jobs: readonly NewJob[]): Promise<void> {
    await this.database.once(async (tx) => {
      const { since } = await this.jobs.enqueueFresh(tx, jobs);
      tx.onCommit(() => announceJobs(this.ready, jobs, since));
    });
  }
}
