/** The body of every list. */
export interface ListEnvelope<T> {
  readonly object: 'list';
  readonly data: readonly T[];
  readonly has_more: boolean;
  /** Present when there is more; goes into `after`. */
  readonly next_cursor: string | null;
  readonly url: string;
}

/** @param url the path of the list, such as `/v1/emails` */
export function listEnvelope<T>(
  url: string,
  data: readonly T[],
  nextCursor: string | null,
): ListEnvelope<T> {
  return { object: 'list', data, has_more: nextCursor !== null, next_cursor: nextCursor, url };
}

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;

/** The page size for a `limit`: 25 when absent, at most 100. The DTO has already refused < 1. */
export function pageSize(limit: number | undefined): number {
  return Math.min(limit ?? DEFAULT_LIMIT, MAX_LIMIT);
}
