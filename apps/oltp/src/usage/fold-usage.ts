import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { UsageSystemRepository } from './usage.system.repository.js';

const BATCH = 5000;

/** Folds appended counts into the totals, so that reading them stays cheap. */
@Injectable()
export class FoldUsage {
  constructor(
    private readonly system: SystemDatabase,
    private readonly usage: UsageSystemRepository,
  ) {}

  /** @returns how many counts were folded */
  async execute(): Promise<number> {
    let folded = 0;
    for (let batch = BATCH; batch === BATCH; folded += batch)
      batch = await this.system.once((tx) => this.usage.fold(tx, BATCH));
    return folded;
  }
}
