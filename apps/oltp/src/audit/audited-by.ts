import type { Caller } from '@penguinmails/http';
import type { AuditEntry } from './audit.repository.js';

/** The part of an audit entry that says who acted and in which request. */
export function auditedBy({
  actor,
  requestId,
}: Caller): Pick<AuditEntry, 'actorKind' | 'actorId' | 'requestId'> {
  return { actorKind: actor.kind, actorId: actor.id, requestId };
}
