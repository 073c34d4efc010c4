import { decodeBody } from './body-placement.js';
import { DamagedBytes, unpack } from './compression.js';
import { type Body, bytesHash, contentHash } from './content-hash.js';
import type { AttachmentBytesRow, ContentRow } from './content.rows.js';

/**
 * The body of a stored content.
 * @throws DamagedBytes when it is not what was put in: such a body is never served
 */
export async function openBody(row: ContentRow): Promise<Body> {
  const body =
    row.packed === null
      ? { text: row.text, html: row.html }
      : decodeBody(await unpack(row.algorithm, row.packed));
  if (contentHash(body, row.headers) !== row.contentHash)
    throw new DamagedBytes('content hash differs');
  return body;
}

/**
 * The bytes of a stored file.
 * @throws DamagedBytes as {@link openBody}
 */
export async function openFile(row: AttachmentBytesRow): Promise<Buffer> {
  const bytes = await unpack(row.algorithm, row.packed);
  if (bytesHash(bytes) !== row.contentHash) throw new DamagedBytes('file hash differs');
  return bytes;
}
