import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import type { Caller } from '@penguinmails/http';
import { notFound } from '@penguinmails/http/problem';
import { AccessLogRepository } from '../access/access-log.repository.js';
import { AttachmentRepository } from './attachment.repository.js';
import type { Body } from './content-hash.js';
import { ContentRepository } from './content.repository.js';
import type { AttachmentRow, ContentRow } from './content.rows.js';
import { openBody } from './open-content.js';
import { ReportCorruption } from './report-corruption.js';

export interface ContentView {
  readonly row: ContentRow;
  readonly body: Body;
  readonly files: readonly AttachmentRow[];
}

/** A tenant reads a body: written down before it is given out. */
@Injectable()
export class GetContent {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly contents: ContentRepository,
    private readonly attachments: AttachmentRepository,
    private readonly accessLog: AccessLogRepository,
    private readonly corruption: ReportCorruption,
  ) {}

  /** @throws Problem 404, 502 `content_corrupted` */
  async execute(caller: Caller, storageKey: string): Promise<ContentView> {
    const { row, files } = await this.read(caller, storageKey);
    const body = await this.corruption.guard(caller.tenantId, storageKey, () => openBody(row));
    return { row, body, files };
  }

  private read({ tenantId, actor, requestId }: Caller, storageKey: string) {
    return this.tenants.transaction(tenantId, async (tx) => {
      const row = await this.contents.read(tx, storageKey);
      if (!row) throw notFound();
      await this.accessLog.append(tx, {
        actorKind: actor.kind,
        actorId: actor.id,
        storageKey,
        attachmentId: null,
        purpose: 'view_content',
        requestId,
      });
      return { row, files: await this.attachments.list(tx, [storageKey]) };
    });
  }
}
