/** A group by both parts of its key. */
export interface GroupKey {
  readonly tenantId: string;
  readonly groupId: string;
}

/** Jobs that join a group; a batch counts its recipients. */
export interface GroupAddition extends GroupKey {
  /** What the group's jobs have in common, e.g. campaign. */
  readonly kind: string;
  readonly count: number;
}

/** Jobs that ended, and how many of them ended dead. Without a group they count nowhere. */
export interface GroupEnd {
  readonly tenantId: string;
  readonly groupId: string | null | undefined;
  readonly ended: number;
  readonly dead: number;
}

/** A group whose last job has ended, after nobody could add another one. */
export interface FinishedGroup extends GroupKey {
  readonly kind: string;
  readonly total: number;
  readonly dead: number;
}

/** Somebody adds jobs to a group that was said to be complete. Slug `group-sealed`. */
export class GroupSealedError extends Error {
  override readonly name = 'GroupSealedError';
  readonly slug = 'group-sealed';

  constructor({ groupId }: GroupKey) {
    super(`group ${groupId} is sealed: no job can be added`);
  }
}

/** Each group once, with its numbers added up, in the order in which groups are locked. */
export function perGroup<N extends string, T extends GroupKey & Readonly<Record<N, number>>>(
  entries: readonly T[],
  numbers: readonly N[],
): T[] {
  const groups = Map.groupBy(entries, ({ tenantId, groupId }) => `${tenantId}/${groupId}`);
  const inLockOrder = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  return inLockOrder.map(([, group]) => {
    const sums = numbers.map((name) => [name, group.reduce((sum, each) => sum + each[name], 0)]);
    return { ...group[0], ...Object.fromEntries(sums) };
  });
}
