import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { IdempotencySystemRepository } from './idempotency.system.repository.js';

const BATCH = 1000;

/** Deletes keys that are past their 24 hours. Safe on several replicas at once. */
@Injectable()
export class PurgeExpiredKeys {
  constructor(
    private readonly system: SystemDatabase,
    private readonly keys: IdempotencySystemRepository,
  ) {}

  /** Batch after batch, each its own transaction, until few are left. @returns how many went */
  async execute(): Promise<number> {
    let deleted = 0;
    for (let batch = BATCH; batch === BATCH; deleted += batch)
      batch = await this.system.once((tx) => this.keys.deleteExpired(tx, BATCH));
    return deleted;
  }
}
