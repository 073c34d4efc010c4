import {
  type EventType,
  jobTypes,
  type JobType,
  validateJobPayload,
} from '@penguinmails/contracts';
import type { ReceivedEvent } from '@penguinmails/outbox';
import type { JobKey } from '../job/unfinished-job.js';

/** A job on its way into the hot table. */
export interface NewJob extends JobKey {
  readonly type: JobType;
  readonly payload: object;
  readonly priority: number;
  readonly maxAttempts: number;
  /** It expires when it was not begun so long after it fell due; none: it waits for ever. */
  readonly waitingLimitSeconds?: number | null;
  /** RFC 3339; null: at once. */
  readonly scheduledAt: string | null;
  /** Jobs of the same tenant, type and key are one job. */
  readonly dedupeKey?: string | null;
  /** Jobs with the same key share one rate limit; '': none. */
  readonly rateKey: string;
  /** Keyed hash of the recipient's domain. */
  readonly domainKey: string | null;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
}

type EmailAccepted = Extract<EventType, 'penguinmails.email.accepted.v1'>;

/**
 * The job of an accepted e-mail; its id is the e-mail's.
 * @throws ContractViolationError when the payload does not fit its schema
 */
export function sendEmailJob(event: ReceivedEvent<EmailAccepted>): NewJob {
  const { email_id, storage_key, mailbox_id, mode, domain_key, priority, scheduled_at } =
    event.data;
  const payload = { email_id, storage_key, mailbox_id, mode };
  validateJobPayload('send_email', payload);
  return {
    tenantId: event.tenantId,
    jobId: email_id,
    type: 'send_email',
    payload,
    priority,
    maxAttempts: jobTypes.send_email.maxAttempts,
    waitingLimitSeconds: jobTypes.send_email.waitingLimitSeconds,
    scheduledAt: scheduled_at,
    rateKey: mailbox_id,
    domainKey: domain_key,
    correlationId: event.correlationId ?? event.id,
    traceparent: event.traceparent,
  };
}
