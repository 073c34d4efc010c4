import type { AcceptCommand } from './accept-email.js';
import type { AcceptEmailRequest } from './email.requests.js';

/** What a checked request asks for. */
export function acceptCommandOf(request: AcceptEmailRequest): AcceptCommand {
  return {
    id: request.id,
    storageKey: request.storage_key,
    from: request.from,
    to: request.to,
    subject: request.subject,
    replyTo: request.reply_to,
    tags: request.tags.map(({ name, value }) => ({ name, value })),
    scheduledAt: request.scheduled_at === null ? null : new Date(request.scheduled_at),
    sizeBytes: request.size_bytes,
    idempotency: request.idempotency,
  };
}
