import type { ConsumerState } from '@penguinmails/kafka';

/** For `GET /internal/health` and the health details. */
export interface MessagingReport {
  outbox: { depth: number; oldest_age_seconds: number };
  consumer: { state: ConsumerState['status']; lag: number };
}

/** How far publishing and consuming are behind. */
export declare class MessagingHealth {
  /** Asks the own database only; the consumer's figures are those last measured. */
  report(): Promise<MessagingReport>;
}
