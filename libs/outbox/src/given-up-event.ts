import { systemEventFingerprint } from '@penguinmails/contracts';
import type { NewEvent } from './events.js';

/** What operators are told by. */
export const SYSTEM_EVENT_RAISED = 'penguinmails.system.event_raised.v1';

const SLUG = /^[a-z][a-z0-9_]{0,63}$/;

export interface GivenUp {
  readonly tenantId: string;
  readonly topic: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Slug of the last failure. */
  readonly reason: string;
}

/**
 * The admin event for an event that is given up; equal for one tenant and topic, so that a broken
 * handler gives one notice. None for an admin event itself: it would raise the next one for ever.
 */
export function givenUpEvents({
  tenantId,
  topic,
  headers,
  reason,
}: GivenUp): NewEvent<typeof SYSTEM_EVENT_RAISED>[] {
  if (headers.ce_type === SYSTEM_EVENT_RAISED) return [];
  const about = { eventType: 'event_given_up', subjectKind: 'topic', subjectId: topic, tenantId };
  const fingerprint = systemEventFingerprint(about);
  const data = {
    event_type: about.eventType,
    severity: 'error' as const,
    fingerprint,
    subject_kind: about.subjectKind,
    subject_id: topic,
    tenant_id: tenantId,
    code: SLUG.test(reason) ? reason : null,
    count: 1,
  };
  const causationId = headers.ce_id;
  return [{ type: SYSTEM_EVENT_RAISED, tenantId, subject: fingerprint, data, causationId }];
}
