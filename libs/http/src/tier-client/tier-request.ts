import type { Caller } from '../access/caller.js';
import type { RequestBudget } from './request-budget.js';

export type QueryValue = string | number | boolean | null | undefined;

/** One call of a tier. */
export interface TierRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Such as `/internal/emails/<id>`; parts from outside are encoded by the caller. */
  readonly path: string;
  /** null and undefined are left out. */
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** A Buffer, a stream, or anything else as JSON. */
  readonly body?: unknown;
  /** Default: application/json, or application/octet-stream for bytes. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** On whose behalf; absent: the service on its own account. */
  readonly caller?: Caller;
  /** Default: the caller's. */
  readonly requestId?: string;
  /** Milliseconds; default by kind of call. */
  readonly deadlineMs?: number;
  /** What is left for the whole public request; uploads do not count against it. */
  readonly budget?: RequestBudget;
  /**
   * True for an answer by which the tier says that it cannot work. It is passed on, and counts as a
   * failure: else a report of ill health would close the breaker, and calls would wait again.
   */
  readonly saysDown?: (body: unknown) => boolean;
  /** Allows one more try when the connection was closed before any byte of an answer. GETs may anyway. */
  readonly idempotent?: boolean;
}

/** The path with its query. */
export function targetOf({ path, query = {} }: TierRequest): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined) search.append(name, String(value));
  return search.size > 0 ? `${path}?${search}` : path;
}

export function mayRepeat({ method, idempotent }: TierRequest): boolean {
  return method === 'GET' || idempotent === true;
}
