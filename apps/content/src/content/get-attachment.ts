import { Injectable } from '@nestjs/common';
import { isUuid } from '@penguinmails/contracts';
import { TenantDatabase } from '@penguinmails/database';
import type { Caller } from '@penguinmails/http';
import { notFound } from '@penguinmails/http/problem';
import { AccessLogRepository } from '../access/access-log.repository.js';
import { AttachmentRepository } from './attachment.repository.js';
import type { AttachmentBytesRow } from './content.rows.js';
import { openFile } from './open-content.js';
import { ReportCorruption } from './report-corruption.js';

export interface Download {
  readonly filename: string;
  readonly contentType: string;
  readonly contentHash: string;
  readonly bytes: Buffer;
}

/** A tenant reads a file: written down before it is given out. */
@Injectable()
export class GetAttachment {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly attachments: AttachmentRepository,
    private readonly accessLog: AccessLogRepository,
    private readonly corruption: ReportCorruption,
  ) {}

  /** @throws Problem 404, 502 `content_corrupted` */
  async execute(caller: Caller, storageKey: string, id: string): Promise<Download> {
    if (!isUuid(id)) throw notFound();
    const row = await this.read(caller, storageKey, id);
    const { filename, contentType, contentHash } = row;
    const bytes = await this.corruption.guard(caller.tenantId, storageKey, () => openFile(row));
    return { filename, contentType, contentHash, bytes };
  }

  private read(caller: Caller, storageKey: string, id: string): Promise<AttachmentBytesRow> {
    const { tenantId, actor, requestId } = caller;
    return this.tenants.transaction(tenantId, async (tx) => {
      const row = await this.attachments.read(tx, storageKey, id);
      if (!row) throw notFound();
      await this.accessLog.append(tx, {
        actorKind: actor.kind,
        actorId: actor.id,
        storageKey,
        attachmentId: id,
        purpose: 'download_attachment',
        requestId,
      });
      return row;
    });
  }
}
