import { STATUS_CODES } from 'node:http';
import type { Tier } from '@penguinmails/contracts';

/** One thing wrong with a request: in its body (JSON pointer, RFC 6901) or in its query. */
export interface ProblemItem {
  /** Such as `/attachments/0/filename`; the empty text is the whole body. */
  readonly pointer?: string;
  /** The name of a query parameter. */
  readonly parameter?: string;
  /** Stable, snake_case. */
  readonly code: string;
  readonly detail: string;
}

export interface ProblemOptions {
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly ProblemItem[];
  /** The tier that is down. */
  readonly tier?: Tier;
  /** Seconds; sent as Retry-After. */
  readonly retryAfter?: number;
  /** Whether the same request may succeed later. Default: true for 429, 503 and 504. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

const RETRYABLE = new Set([429, 503, 504]);

/**
 * An answer that refuses a request, as application/problem+json (RFC 9457). Thrown anywhere below a
 * route; title and detail are for the caller, so they hold no values from the database.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly title: string;
  readonly detail: string | undefined;
  readonly errors: readonly ProblemItem[] | undefined;
  readonly tier: Tier | undefined;
  readonly retryAfter: number | undefined;
  readonly retryable: boolean;

  /**
   * @param status HTTP status
   * @param code stable, snake_case; callers branch on it
   */
  constructor(
    readonly status: number,
    readonly code: string,
    options: ProblemOptions = {},
  ) {
    super(`${status} ${code}`, { cause: options.cause });
    this.title = options.title ?? STATUS_CODES[status] ?? 'Error';
    this.detail = options.detail;
    this.errors = options.errors;
    this.tier = options.tier;
    this.retryAfter = options.retryAfter;
    this.retryable = options.retryable ?? RETRYABLE.has(status);
  }
}
