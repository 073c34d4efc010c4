import { systemEventFingerprint } from '@penguinmails/contracts';
import type { NewEvent } from '@penguinmails/outbox';
import type { BuriedJob } from './job-end.js';

type SystemEventRaised = 'penguinmails.system.event_raised.v1';

const EVENT_TYPE = 'job_dead_lettered';
const SUBJECT_KIND = 'job_type';

/**
 * What an operator is told about dead letters: one event per tenant and job type with the count, not
 * one per job, so that a broken server gives one notice.
 */
export function deadLetterEvents(buried: readonly BuriedJob[]): NewEvent<SystemEventRaised>[] {
  const groups = Map.groupBy(buried, ({ tenantId, type }) => `${tenantId}/${type}`);
  return [...groups.values()].map(deadLetterEvent);
}

function deadLetterEvent(group: readonly BuriedJob[]): NewEvent<SystemEventRaised> {
  const { tenantId, type, errorCode } = group[0];
  const fingerprint = systemEventFingerprint({
    eventType: EVENT_TYPE,
    subjectKind: SUBJECT_KIND,
    subjectId: type,
    tenantId,
  });
  return {
    type: 'penguinmails.system.event_raised.v1',
    tenantId,
    subject: fingerprint,
    data: {
      event_type: EVENT_TYPE,
      severity: 'error',
      fingerprint,
      subject_kind: SUBJECT_KIND,
      subject_id: type,
      tenant_id: tenantId,
      code: errorCode,
      count: group.length,
    },
  };
}
