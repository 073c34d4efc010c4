import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import { UsageRepository } from '../usage/usage.repository.js';
import { AttachmentRepository } from './attachment.repository.js';
import { BlobRepository, type StoredBlob } from './blob.repository.js';
import { pack } from './compression.js';
import { ContentRepository } from './content.repository.js';
import type { NewContentRow } from './content.rows.js';
import type { PreparedContent } from './prepared-content.js';

/** What storing a content's blobs came to. */
interface Blobs {
  readonly byHash: ReadonlyMap<string, StoredBlob>;
  /** Stored bytes that were not there before. */
  readonly addedBytes: number;
}

/** Writes one content, its files, the blobs they need and the usage in one transaction. */
@Injectable()
export class StoreContent {
  constructor(
    private readonly contents: ContentRepository,
    private readonly blobs: BlobRepository,
    private readonly attachments: AttachmentRepository,
    private readonly usage: UsageRepository,
  ) {}

  /** @throws unique violation of content_objects_pkey when the key is taken; nothing stays then */
  async execute(tx: TenantTransaction, prepared: PreparedContent): Promise<void> {
    const blobs = await this.storeBlobs(tx, prepared);
    const row = rowOf(prepared, blobs.byHash);
    await this.contents.insert(tx, row);
    await this.attachments.insert(tx, prepared.files);
    const inRow = row.blobHash === null ? row.storedSizeBytes : 0;
    await this.usage.append(tx, { storedBytes: inRow + blobs.addedBytes, objects: 1 });
  }

  private async storeBlobs(tx: TenantTransaction, prepared: PreparedContent): Promise<Blobs> {
    if (prepared.references.size === 0) return { byHash: new Map(), addedBytes: 0 };
    const held = await this.blobs.retain(tx, prepared.references);
    const byHash = new Map(held.map((blob) => [blob.hash, blob]));
    let addedBytes = 0;
    for (const hash of [...prepared.references.keys()].sort()) {
      if (byHash.has(hash)) continue;
      const blob = await this.addBlob(tx, prepared, hash);
      byHash.set(hash, blob);
      if (blob.isNew) addedBytes += blob.storedSizeBytes;
    }
    return { byHash, addedBytes };
  }

  /** Compresses only what is not there yet: the same file sent again costs no CPU. */
  private async addBlob(tx: TenantTransaction, prepared: PreparedContent, hash: string) {
    const raw = prepared.blobs.get(hash) ?? Buffer.alloc(0);
    return this.blobs.add(tx, hash, await pack(raw), prepared.references.get(hash) ?? 1);
  }
}

/** The row of a content whose blobs are stored. */
export function rowOf(
  prepared: PreparedContent,
  blobs: ReadonlyMap<string, StoredBlob>,
): NewContentRow {
  const { storageKey, content, contentHash, rawSizeBytes } = prepared;
  const common = { storageKey, contentHash, rawSizeBytes, headers: content.headers };
  return { ...common, ...placeOf(prepared, blobs) };
}

type Place = Pick<
  NewContentRow,
  'text' | 'html' | 'encoding' | 'blobHash' | 'algorithm' | 'storedSizeBytes'
>;

const NOWHERE = { text: null, html: null, encoding: null, blobHash: null };

function placeOf(
  { placed, content, rawSizeBytes }: PreparedContent,
  blobs: ReadonlyMap<string, StoredBlob>,
): Place {
  switch (placed.place) {
    case 'inline':
      return { ...NOWHERE, ...content.body, algorithm: 'none', storedSizeBytes: rawSizeBytes };
    case 'row': {
      const { algorithm, bytes } = placed.packed;
      return { ...NOWHERE, encoding: bytes, algorithm, storedSizeBytes: bytes.length };
    }
    case 'blob': {
      const blob = blobs.get(placed.hash);
      if (!blob) throw new Error('a body refers to a blob that was not stored');
      const { hash, algorithm, storedSizeBytes } = blob;
      return { ...NOWHERE, blobHash: hash, algorithm, storedSizeBytes };
    }
  }
}
