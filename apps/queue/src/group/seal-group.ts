import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { GroupKey } from './group.js';
import { GroupCount } from './group-count.js';
import { GroupSystemRepository } from './group.system.repository.js';

/** Says that no job will be added to a group any more; from then on its last end finishes it. */
@Injectable()
export class SealGroup {
  constructor(
    private readonly repository: GroupSystemRepository,
    private readonly groups: GroupCount,
  ) {}

  /**
   * A group in which nothing remains, or never was anything, is finished at once. Sealing again
   * changes nothing.
   * @param kind of a group that had no job so far
   */
  async execute(tx: SystemTransaction, key: GroupKey, kind: string): Promise<void> {
    const group = await this.repository.seal(tx, key, kind);
    if (group?.finished) await this.groups.announce(tx, [group]);
  }
}
