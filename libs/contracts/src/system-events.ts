import { createHash } from 'node:crypto';

/** What makes two curated admin events the same thing. */
export interface SystemEventIdentity {
  readonly eventType: string;
  readonly subjectKind: string;
  readonly subjectId: string | null;
  readonly tenantId: string;
}

/** Fingerprint of a curated admin event: 32 hex digits, equal for equal type and subject. */
export function systemEventFingerprint(identity: SystemEventIdentity): string {
  const { eventType, subjectKind, subjectId, tenantId } = identity;
  const parts = JSON.stringify([eventType, subjectKind, subjectId, tenantId]);
  return createHash('sha256').update(parts).digest('hex').slice(0, 32);
}
