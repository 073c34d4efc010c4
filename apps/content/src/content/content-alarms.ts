import { systemEventFingerprint } from '@penguinmails/contracts';
import type { NewEvent } from '@penguinmails/outbox';
import type { ContentPair } from './content-pair.js';

type Alarm = NewEvent<'penguinmails.system.event_raised.v1'>;

/** Stored bytes no longer are what was put in. */
export function corruptedAlarm(pair: ContentPair): Alarm {
  return alarm('content_corrupted', 'hash_mismatch', pair);
}

/** Something accepted refers to a content that this tier does not have. */
export function missingAlarm(pair: ContentPair): Alarm {
  return alarm('content_missing', 'claimed_content_missing', pair);
}

function alarm(eventType: string, code: string, { tenantId, storageKey }: ContentPair): Alarm {
  const identity = { eventType, subjectKind: 'content', subjectId: storageKey, tenantId };
  return {
    type: 'penguinmails.system.event_raised.v1',
    tenantId,
    subject: storageKey,
    data: {
      event_type: eventType,
      severity: 'critical',
      fingerprint: systemEventFingerprint(identity),
      subject_kind: 'content',
      subject_id: storageKey,
      tenant_id: tenantId,
      code,
      count: 1,
    },
  };
}
