import { newId } from '@penguinmails/contracts';
import type { BlobReferences } from './blob.repository.js';
import { bodySize, type PlacedBody, placeBody } from './body-placement.js';
import { bodyJson, bytesHash, hashOfJson } from './content-hash.js';
import type { AttachmentRow } from './content.rows.js';
import type { NewContent } from './new-content.js';

/** A content with all that can be worked out before the database is asked. */
export interface PreparedContent {
  readonly storageKey: string;
  readonly content: NewContent;
  readonly contentHash: string;
  readonly rawSizeBytes: number;
  readonly placed: PlacedBody;
  readonly files: readonly AttachmentRow[];
  /** Raw bytes of every blob it refers to, by hash. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly references: BlobReferences;
}

/** Hashes and compresses here, where no transaction waits for it. */
export async function prepareContent(
  storageKey: string,
  content: NewContent,
): Promise<PreparedContent> {
  const json = bodyJson(content.body);
  const placed = await placeBody(content.body, json);
  const files = content.files.map((file) => ({
    id: newId(),
    storageKey,
    filename: file.filename,
    contentType: file.contentType,
    sizeBytes: file.bytes.length,
    disposition: file.disposition,
    contentId: file.contentId,
    contentHash: bytesHash(file.bytes),
  }));
  const parts = files.map((file, at): Part => [file.contentHash, content.files[at].bytes]);
  if (placed.place === 'blob') parts.push([placed.hash, placed.raw]);
  return {
    storageKey,
    content,
    contentHash: hashOfJson(json, content.headers),
    rawSizeBytes: bodySize(content.body),
    placed,
    files,
    blobs: new Map(parts),
    references: countReferences(parts.map(([hash]) => hash)),
  };
}

type Part = [hash: string, raw: Buffer];

/** How often each hash occurs. */
export function countReferences(hashes: readonly string[]): BlobReferences {
  const counts = new Map<string, number>();
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  return counts;
}
