import type { PageQuery } from './notification.requests.js';

export interface Page<T> {
  readonly data: readonly T[];
  readonly has_more: boolean;
}

/** The keyset a page starts after; null for the first page. */
export function afterOf(query: PageQuery): { createdAt: string; id: string } | null {
  const { after_created_at: createdAt, after_id: id } = query;
  return createdAt !== undefined && id !== undefined ? { createdAt, id } : null;
}

/** Cuts the row that was read only to know whether there is more. */
export function pageOf<T>(rows: readonly T[], limit: number): Page<T> {
  return { data: rows.slice(0, limit), has_more: rows.length > limit };
}
