import type { BatchKey } from './batch-key.js';

/** A batch as it is handed out. Ordinals: 0 to n - 1. */
export interface LeasedBatch extends BatchKey {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>> & { readonly mailbox_id?: string };
  /** '' for none. */
  readonly rateKey: string;
  readonly storageKey: string | null;
  readonly priority: number;
  /** UTC with microseconds, as the database writes it: such texts compare as the times do. */
  readonly scheduledAt: string;
  readonly n: number;
  /** The first ordinal without an outcome: go on here. */
  readonly resumeAt: number;
  /** The first ordinal that this lease is not for: its limits allow no more. */
  readonly leaseTo: number;
  /** Ordinals from `resumeAt` up to here may have been sent under a lease that was lost. */
  readonly inDoubtTo: number;
  /** Number of the lease that begins, from 1, not counting lost ones. */
  readonly attempt: number;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
  readonly createdAt: Date;
  readonly leasedAt: Date;
  readonly expiresAt: Date;
}

/** A lease that was renewed. */
export interface HeldBatch extends BatchKey {
  readonly payload: { readonly mailbox_id?: string };
  readonly storageKey: string | null;
  readonly leaseToken: string;
  readonly expiresAt: Date;
}
