import { Injectable } from '@nestjs/common';
import { isUniqueViolation, TenantDatabase } from '@penguinmails/database';
import { conflict } from '@penguinmails/http/problem';
import { AttachmentRepository } from './attachment.repository.js';
import { ContentRepository } from './content.repository.js';
import type { AttachmentRow } from './content.rows.js';
import { type ContentInput, readContent } from './new-content.js';
import { type PreparedContent, prepareContent } from './prepared-content.js';
import { StoreContent } from './store-content.js';

export interface PutResult {
  /** false: the same content stood under this key already. */
  readonly created: boolean;
  readonly rawSizeBytes: number;
  readonly contentHash: string;
  readonly files: readonly AttachmentRow[];
}

/** Stores a content under the key its writer made up, so that a repeated request changes nothing. */
@Injectable()
export class PutContent {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly store: StoreContent,
    private readonly contents: ContentRepository,
    private readonly attachments: AttachmentRepository,
  ) {}

  /**
   * @throws Problem 413 or 422 for a content that breaks a rule, 409 `content_key_conflict` when
   * another content has the key
   */
  async execute(tenantId: string, storageKey: string, input: ContentInput): Promise<PutResult> {
    const prepared = await prepareContent(storageKey, readContent(input));
    try {
      await this.tenants.transaction(tenantId, (tx) => this.store.execute(tx, prepared));
    } catch (error) {
      if (!isUniqueViolation(error, 'content_objects_pkey')) throw error;
      return this.compare(tenantId, prepared);
    }
    return resultOf(prepared, true, prepared.files);
  }

  private compare(tenantId: string, prepared: PreparedContent): Promise<PutResult> {
    const { storageKey } = prepared;
    return this.tenants.transaction(tenantId, async (tx) => {
      const there = await this.contents.lock(tx, storageKey);
      const files = await this.attachments.list(tx, [storageKey]);
      if (there?.contentHash !== prepared.contentHash || !areSame(files, prepared.files))
        throw conflict('content_key_conflict', 'Another content is stored under this key.');
      // The writer is about to refer to it: an old condemnation no longer counts.
      if (there.state === 'condemned') await this.contents.revive(tx, storageKey);
      return resultOf(prepared, false, files);
    });
  }
}

function resultOf(
  { rawSizeBytes, contentHash }: PreparedContent,
  created: boolean,
  files: readonly AttachmentRow[],
): PutResult {
  return { created, rawSizeBytes, contentHash, files };
}

function areSame(one: readonly AttachmentRow[], other: readonly AttachmentRow[]): boolean {
  return identityOf(one) === identityOf(other);
}

function identityOf(files: readonly AttachmentRow[]): string {
  return JSON.stringify(
    files.map((file) => [
      file.filename,
      file.contentType,
      file.disposition,
      file.contentId,
      file.contentHash,
    ]),
  );
}
