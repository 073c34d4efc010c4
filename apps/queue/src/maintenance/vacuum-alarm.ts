import { PLATFORM_TENANT_ID, systemEventFingerprint } from '@penguinmails/contracts';
import type { NewEvent } from '@penguinmails/outbox';
import type { VacuumState } from './vacuum.system.repository.js';

type Alarm = NewEvent<'penguinmails.system.event_raised.v1'>;

/** Longest time in seconds for which a transaction may be open before an operator hears of it. */
export const HORIZON_HELD_SECONDS = 900;

/** What an operator is told: dead rows pile up in front of the claim, and why. */
export function vacuumAlarms({ horizonAge, isAutovacuumOn }: VacuumState): Alarm[] {
  return [
    ...(horizonAge > HORIZON_HELD_SECONDS ? [alarm('vacuum_held_back', 'transaction_open')] : []),
    ...(isAutovacuumOn ? [] : [alarm('vacuum_switched_off', 'autovacuum_off')]),
  ];
}

function alarm(eventType: string, code: string): Alarm {
  const tenantId = PLATFORM_TENANT_ID;
  const identity = { eventType, subjectKind: 'table', subjectId: 'queue.job', tenantId };
  const fingerprint = systemEventFingerprint(identity);
  return {
    type: 'penguinmails.system.event_raised.v1',
    tenantId,
    subject: fingerprint,
    data: {
      event_type: eventType,
      severity: 'warning',
      fingerprint,
      subject_kind: identity.subjectKind,
      subject_id: identity.subjectId,
      tenant_id: tenantId,
      code,
      count: 1,
    },
  };
}
