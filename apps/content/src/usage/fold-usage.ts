import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { UsageSystemRepository } from './usage.system.repository.js';

/** Fewer rows are cheap to add up and not worth a write. */
const FOLD_FROM_ROWS = 100;
const TENANTS_AT_ONCE = 100;

/** Keeps the usage of each tenant short. Replicas may run it at once: a row is folded only once. */
@Injectable()
export class FoldUsage {
  constructor(
    private readonly system: SystemDatabase,
    private readonly usage: UsageSystemRepository,
  ) {}

  /** @returns how many tenants were folded */
  async execute(minimumRows = FOLD_FROM_ROWS): Promise<number> {
    return this.system.transaction(async (tx) => {
      const tenantIds = await this.usage.unfolded(tx, minimumRows, TENANTS_AT_ONCE);
      if (tenantIds.length > 0) await this.usage.fold(tx, tenantIds);
      return tenantIds.length;
    });
  }
}
