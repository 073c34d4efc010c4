import { uuidTime } from '@penguinmails/contracts';
import type { JobStatus } from './job.js';

/** Which jobs of a tenant are asked for, in pages of `limit`. */
export interface JobFilter {
  readonly limit: number;
  /** The page begins after (is older than) the job of this id. */
  readonly after?: string;
  /** The page ends before (is newer than) it. */
  readonly before?: string;
  readonly type?: string;
  readonly status?: JobStatus;
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
}

/** Where a list is looked for: rows between the ids, partitions from a time on. */
export interface JobRange {
  /** Ids are made by other machines and may be a little ahead. null: no such bound. */
  readonly fromId: string | null;
  readonly toId: string | null;
  /** No job of the range has ended before. */
  readonly endedFrom: Date;
}

/** Most rows that one request looks at when not every row fits its filter. */
export const LOOKED_AT = 5_000;

const CLOCK_SKEW_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** An event that waits longer than this is gone from its topic, so no job is younger by more than its id. */
const LONGEST_WAY_MS = 8 * DAY_MS;
/** Nothing is kept longer than this. */
const LONGEST_KEPT_MS = 100 * DAY_MS;

/**
 * Where to look, the likely place first: jobs of the last two days before the page's end, then all that
 * is kept. A job ends after its birth, so partitions before the range's beginning hold none of it.
 */
export function rangesOf(filter: JobFilter, now: Date): JobRange[] {
  const newest = Math.min(now.getTime(), timeOf(filter.after) ?? Infinity, boundOf(filter));
  const oldest = oldestOf(filter, now);
  const recent = Math.max(oldest, newest - 2 * DAY_MS);
  const whole = rangeFrom(filter, oldest);
  return filter.before === undefined && recent > oldest
    ? [rangeFrom(filter, recent), whole]
    : [whole];
}

function rangeFrom(filter: JobFilter, from: number): JobRange {
  const { after, before, createdBefore } = filter;
  const bound = createdBefore && firstIdAt(createdBefore.getTime() + CLOCK_SKEW_MS);
  return {
    fromId: before ?? firstIdAt(from - CLOCK_SKEW_MS),
    toId:
      [after, bound]
        .filter((id) => id !== undefined)
        .sort()
        .at(0) ?? null,
    endedFrom: new Date(from - CLOCK_SKEW_MS),
  };
}

function boundOf({ createdBefore }: JobFilter): number {
  return createdBefore ? createdBefore.getTime() + CLOCK_SKEW_MS : Infinity;
}

function oldestOf({ before, createdAfter }: JobFilter, now: Date): number {
  const kept = now.getTime() - LONGEST_KEPT_MS;
  const since = createdAfter ? createdAfter.getTime() - LONGEST_WAY_MS : kept;
  return Math.max(kept, since, timeOf(before) ?? kept);
}

function timeOf(id: string | undefined): number | undefined {
  return id !== undefined && id[14] === '7' ? uuidTime(id).getTime() : undefined;
}

/** The least UUIDv7 of a millisecond. */
function firstIdAt(ms: number): string {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/** True when every row of the range is wanted, so that a page needs no more rows than it has. */
export function takesEvery({ type, status, createdAfter, createdBefore }: JobFilter): boolean {
  return [type, status, createdAfter, createdBefore].every((part) => part === undefined);
}
