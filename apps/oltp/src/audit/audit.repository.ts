import { Injectable } from '@nestjs/common';
import { newId } from '@penguinmails/contracts';
import type { TenantTransaction } from '@penguinmails/database';

/** Who did what to what. Opaque ids only: no name, no address. */
export interface AuditEntry {
  readonly actorKind: 'api_key' | 'platform_key' | 'user' | 'system';
  readonly actorId: string;
  /** `<thing>.<past tense>`. */
  readonly action: string;
  readonly subjectKind: string;
  readonly subjectId: string;
  readonly requestId: string | null;
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

/** The append-only audit log of a tenant; platform actions stand under the platform tenant. */
@Injectable()
export class AuditRepository {
  async append(tx: TenantTransaction, entry: AuditEntry): Promise<void> {
    await tx.query(
      `INSERT INTO audit_log (tenant_id, id, actor_kind, actor_id, action, subject_kind,
         subject_id, request_id, details)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        tx.tenantId,
        newId(),
        entry.actorKind,
        entry.actorId,
        entry.action,
        entry.subjectKind,
        entry.subjectId,
        entry.requestId,
        JSON.stringify(entry.details ?? {}),
      ],
    );
  }
}
