import type { PartitionLag } from './consumer-state.js';

/** An end of the partition that the group has not reached yet, and when it was the end. */
interface Sample {
  readonly end: number;
  readonly at: Date;
}

interface Progress {
  readonly last: PartitionLag;
  /** Everything appended before is read; null while that is not known. */
  readonly readUntil: Date | null;
  readonly awaited: Sample | null;
}

/**
 * Turns offsets into a time: until when everything that was appended is read. Who commits now and then
 * is hardly ever seen at the end, so an end is remembered until the group has reached it: what was
 * appended before that end was seen is read then. One end per partition is remembered, the oldest that
 * is not reached.
 */
export class ReadProgress {
  #partitions = new Map<string, Progress>();

  /** @param topics all that must be known before anything can be said */
  constructor(private readonly topics: readonly string[]) {}

  /** @param at a time before the ends were asked for: what was appended by then is below them */
  observe(at: Date, partitions: readonly PartitionLag[]): void {
    this.#partitions = new Map(
      partitions.map((now) => [nameOf(now), advanced(this.#partitions.get(nameOf(now)), now, at)]),
    );
  }

  /** That of the partition that is furthest behind; null until every one is known. */
  readUntil(): Date | null {
    const partitions = [...this.#partitions.values()];
    const knows = (topic: string) => partitions.some(({ last }) => last.topic === topic);
    if (!this.topics.every(knows)) return null;
    const times = partitions.map(({ readUntil }) => readUntil?.getTime());
    const known = times.filter((time) => time !== undefined);
    return known.length < times.length ? null : new Date(Math.min(...known));
  }
}

function advanced(before: Progress | undefined, now: PartitionLag, at: Date): Progress {
  if (now.begin >= now.end) return { last: now, readUntil: at, awaited: null };
  if (isLost(now)) return { last: now, readUntil: null, awaited: null };
  const known = before && !wentBack(before.last, now) ? before : undefined;
  const awaited = known?.awaited ?? { end: now.end, at };
  if (now.committed === now.end) return { last: now, readUntil: at, awaited: null };
  if (now.committed === null || now.committed < awaited.end)
    return { last: now, readUntil: known?.readUntil ?? null, awaited };
  return { last: now, readUntil: awaited.at, awaited: { end: now.end, at } };
}

/** The group's offset is none of the partition's: it will begin anew, nobody knows how far back. */
function isLost({ committed, begin, end }: PartitionLag): boolean {
  return committed !== null && (committed < begin || committed > end);
}

/** The topic was made anew, or the group was set back or forgotten: what was read is to be read again. */
function wentBack(before: PartitionLag, now: PartitionLag): boolean {
  return now.end < before.end || (now.committed ?? -1) < (before.committed ?? -1);
}

function nameOf({ topic, partition }: PartitionLag): string {
  return `${topic} ${partition}`;
}
