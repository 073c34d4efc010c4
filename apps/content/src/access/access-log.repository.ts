import { Injectable } from '@nestjs/common';
import { newId } from '@penguinmails/contracts';
import type { TenantTransaction } from '@penguinmails/database';

/** One reading of a body or a file. */
export interface ContentAccess {
  readonly actorKind: string;
  readonly actorId: string;
  readonly storageKey: string;
  /** null: the body */
  readonly attachmentId: string | null;
  readonly purpose: 'view_content' | 'download_attachment';
  readonly requestId: string;
}

/** Who read what; append-only (ASVS 5.0 16.3.2). */
@Injectable()
export class AccessLogRepository {
  async append(tx: TenantTransaction, access: ContentAccess): Promise<void> {
    await tx.query(
      `INSERT INTO content_access_log (tenant_id, id, actor_kind, actor_id, storage_key,
         attachment_id, purpose, request_id)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        tx.tenantId,
        newId(),
        access.actorKind,
        access.actorId,
        access.storageKey,
        access.attachmentId,
        access.purpose,
        access.requestId,
      ],
    );
  }
}
