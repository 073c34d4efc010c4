import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { ReadyJobs } from '../lease/ready-jobs.js';
import type { DeadLetterFilter } from './dead-letter-filter.js';
import { type Redriven, RedriveSystemRepository } from './redrive.system.repository.js';

export interface RedriveRound {
  readonly redriven: readonly Redriven[];
  /** There may be further letters that fit. */
  readonly more: boolean;
}

/** Makes jobs of a bounded number of dead letters, in one transaction. */
@Injectable()
export class RedriveDeadLetters {
  constructor(
    private readonly database: SystemDatabase,
    private readonly letters: RedriveSystemRepository,
    private readonly ready: ReadyJobs,
  ) {}

  async execute(filter: DeadLetterFilter, limit: number): Promise<RedriveRound> {
    return this.database.transaction(async (tx) => {
      const redriven = await this.letters.redrive(tx, filter, limit);
      tx.onCommit(() => this.ready.wake());
      return { redriven, more: redriven.length === limit };
    });
  }
}
