import type { OutcomeKind } from '../job/outcome.js';
import type { UnknownPolicy } from '../job/retry-policy.js';

/** What a worker reports about one leased job. Codes as SMTP gives them; times are the worker's. */
export interface FinishResult {
  readonly tenant_id: string;
  readonly job_id: string;
  readonly lease_token: string;
  readonly kind: OutcomeKind;
  readonly code: number | null;
  readonly enhanced_code: string | null;
  readonly error_code: string | null;
  readonly reply: string | null;
  readonly unknown_policy?: UnknownPolicy;
  /** With `returned` and `snoozed`: not before this is over. */
  readonly retry_after_ms?: number;
  readonly started_at: string;
  readonly finished_at: string;
}
