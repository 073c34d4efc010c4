import { ContractViolationError, systemEventFingerprint } from '@penguinmails/contracts';
import type { NewEvent } from '@penguinmails/outbox';
import { CronError } from './cron-times.js';
import type { DueSchedule } from './schedule.js';

/** Why a schedule can never run, as a slug; undefined for an error that says nothing about it. */
export function defectOf(error: unknown): string | undefined {
  if (error instanceof CronError) return 'cron_invalid';
  return error instanceof ContractViolationError ? 'payload_invalid' : undefined;
}

/** What an operator is told of a schedule that was switched off because it can never run. */
export function scheduleDisabled(
  { tenantId, id }: DueSchedule,
  code: string,
): NewEvent<'penguinmails.system.event_raised.v1'> {
  const identity = {
    eventType: 'schedule_disabled',
    subjectKind: 'schedule',
    subjectId: id,
    tenantId,
  };
  const fingerprint = systemEventFingerprint(identity);
  return {
    type: 'penguinmails.system.event_raised.v1',
    tenantId,
    subject: fingerprint,
    data: {
      event_type: identity.eventType,
      severity: 'error',
      fingerprint,
      subject_kind: identity.subjectKind,
      subject_id: id,
      tenant_id: tenantId,
      code,
      count: 1,
    },
  };
}
