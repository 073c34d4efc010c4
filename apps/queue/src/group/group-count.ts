import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { EventWriter, type NewEvent } from '@penguinmails/outbox';
import {
  type FinishedGroup,
  type GroupAddition,
  type GroupEnd,
  type GroupKey,
  GroupSealedError,
  perGroup,
} from './group.js';
import { GroupSystemRepository } from './group.system.repository.js';

type GroupFinished = 'penguinmails.job_group.finished.v1';

/**
 * Keeps the numbers of groups: each job counts once when it comes and once when it ends, in the
 * transaction in which it does. To be called after the rows of the jobs are locked, so that everybody
 * locks jobs first and groups afterwards.
 */
@Injectable()
export class GroupCount {
  constructor(
    private readonly repository: GroupSystemRepository,
    private readonly events: EventWriter,
  ) {}

  /**
   * @param additions of jobs that are really new
   * @throws GroupSealedError when one of the groups is sealed
   */
  async added(tx: SystemTransaction, additions: readonly GroupAddition[]): Promise<void> {
    if (additions.length === 0) return;
    const sums = perGroup(additions, ['count']);
    const open = new Set((await this.repository.add(tx, sums)).map(keyOf));
    const sealed = sums.find((group) => !open.has(keyOf(group)));
    if (sealed) throw new GroupSealedError(sealed);
  }

  /** The last end of a sealed group is announced. */
  async ended(tx: SystemTransaction, ends: readonly GroupEnd[]): Promise<void> {
    const counting = ends.filter((end) => isGrouped(end));
    if (counting.length === 0) return;
    const groups = await this.repository.end(tx, perGroup(counting, ['ended', 'dead']));
    await this.announce(
      tx,
      groups.filter(({ finished }) => finished),
    );
  }

  /** Says that the groups are finished: in the transaction that finished them. */
  async announce(tx: SystemTransaction, finished: readonly FinishedGroup[]): Promise<void> {
    if (finished.length > 0) await this.events.write(tx, finished.map(finishedEvent));
  }
}

function isGrouped(end: GroupEnd): end is GroupEnd & GroupKey {
  return typeof end.groupId === 'string' && end.ended > 0;
}

function keyOf({ tenantId, groupId }: GroupKey): string {
  return `${tenantId}/${groupId}`;
}

function finishedEvent({
  tenantId,
  groupId,
  kind,
  total,
  dead,
}: FinishedGroup): NewEvent<GroupFinished> {
  return {
    type: 'penguinmails.job_group.finished.v1',
    tenantId,
    subject: groupId,
    data: { group_id: groupId, kind, total, dead },
  };
}
