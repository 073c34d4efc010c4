import type { BatchKey } from './batch-key.js';

/** A batch on its way into the hot table. */
export interface NewBatch extends BatchKey {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly priority: number;
  /** RFC 3339; null: at once. */
  readonly scheduledAt: string | null;
  /** Its mailbox: batches and jobs with the same key share one rate limit; '': none. */
  readonly rateKey: string;
  /** Where its content is; null: nowhere. */
  readonly storageKey: string | null;
  /** Recipients, 1 to 500; their ordinals are 0 to n - 1. */
  readonly n: number;
  /** The group in which its recipients count. */
  readonly group: { readonly id: string; readonly kind: string } | null;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
}
