import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import { UsageRepository } from '../usage/usage.repository.js';
import { AttachmentRepository } from './attachment.repository.js';
import { BlobRepository } from './blob.repository.js';
import { ContentRepository } from './content.repository.js';
import { countReferences } from './prepared-content.js';

/** Deletes contents with their files, the blobs nothing else needs, and their usage. */
@Injectable()
export class RemoveContents {
  constructor(
    private readonly contents: ContentRepository,
    private readonly attachments: AttachmentRepository,
    private readonly blobs: BlobRepository,
    private readonly usage: UsageRepository,
  ) {}

  /** @param storageKeys contents that this transaction has locked and found deletable */
  async execute(tx: TenantTransaction, storageKeys: readonly string[]): Promise<void> {
    if (storageKeys.length === 0) return;
    const hashes = await this.attachments.delete(tx, storageKeys);
    const bodies = await this.contents.delete(tx, storageKeys);
    hashes.push(...bodies.flatMap(({ blobHash }) => (blobHash === null ? [] : [blobHash])));
    const freed = hashes.length > 0 ? await this.blobs.release(tx, countReferences(hashes)) : 0;
    const inRows = bodies.reduce((sum, { bytesInRow }) => sum + bytesInRow, 0);
    await this.usage.append(tx, { storedBytes: -(freed + inRows), objects: -bodies.length });
  }
}
