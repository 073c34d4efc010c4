import type { AnyNewEvent } from '@penguinmails/outbox';
import { emailEvent } from './email-events.js';
import type { EmailRow } from './email-row.js';

const ORDINARY_PRIORITY = 0;

/**
 * What the acceptance of an e-mail publishes. A suppressed one gets no job, so nothing but the answer
 * on its reference tells content that its key is taken.
 */
export function acceptanceEvents(
  tenantId: string,
  email: EmailRow,
  domainKey: string,
): readonly AnyNewEvent[] {
  const { id, mode, mailbox_id: mailboxId, created_at, row_version: version } = email;
  const subject = { tenantId, id, mode, mailboxId, version };
  switch (email.status) {
    case 'suppressed':
      return [
        referenceHeld(tenantId, email.content_storage_key),
        emailEvent('suppressed', subject, created_at),
      ];
    case 'scheduled':
    case 'queued':
      return [accepted(tenantId, email, domainKey), emailEvent(email.status, subject, created_at)];
    default:
      throw new Error(`an e-mail is not accepted as ${email.status}`);
  }
}

function accepted(tenantId: string, email: EmailRow, domainKey: string): AnyNewEvent {
  const scheduledAt = email.status === 'scheduled' ? email.scheduled_at : null;
  return {
    type: 'penguinmails.email.accepted.v1',
    tenantId,
    subject: email.id,
    entityVersion: email.row_version,
    data: {
      email_id: email.id,
      storage_key: email.content_storage_key,
      mailbox_id: email.mailbox_id,
      domain_key: domainKey,
      mode: email.mode,
      priority: ORDINARY_PRIORITY,
      scheduled_at: scheduledAt?.toISOString() ?? null,
      size_bytes: email.size_bytes,
    },
  };
}

function referenceHeld(tenantId: string, storageKey: string): AnyNewEvent {
  return {
    type: 'penguinmails.content.references_answered.v1',
    tenantId,
    subject: storageKey,
    data: { held: [storageKey], denied: [] },
  };
}
