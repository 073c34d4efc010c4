import type { ContentView } from './get-content.js';
import type { FetchAnswer, FetchedContent } from './fetch-contents.js';
import type { AttachmentRow } from './content.rows.js';
import type { ContentPair } from './content-pair.js';
import type { PutResult } from './put-content.js';

function toFile(file: AttachmentRow) {
  return {
    id: file.id,
    filename: file.filename,
    content_type: file.contentType,
    size_bytes: file.sizeBytes,
    disposition: file.disposition,
    content_id: file.contentId,
    content_hash: file.contentHash,
  };
}

/**
 * raw_size_bytes: both bodies in UTF-8 (the seed's column); total_size_bytes: with all files, decoded.
 */
function toSizes(rawSizeBytes: number, files: readonly AttachmentRow[]) {
  const inFiles = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { raw_size_bytes: rawSizeBytes, total_size_bytes: rawSizeBytes + inFiles };
}

/** Answer of `PUT /internal/contents/{key}`. */
export function toPutAnswer(storageKey: string, result: PutResult) {
  return {
    storage_key: storageKey,
    ...toSizes(result.rawSizeBytes, result.files),
    content_hash: result.contentHash,
    attachments: result.files.map(toFile),
  };
}

/** Answer of `GET /internal/contents/{key}`. */
export function toContentAnswer({ row, body, files }: ContentView) {
  return {
    storage_key: row.storageKey,
    state: row.state,
    text: body.text,
    html: body.html,
    headers: row.headers,
    ...toSizes(row.rawSizeBytes, files),
    content_hash: row.contentHash,
    attachments: files.map(toFile),
  };
}

/** Answer of `POST /internal/contents:fetch`. */
export function toFetchAnswer({ contents, missing, deferred }: FetchAnswer) {
  return {
    contents: contents.map(toFetched),
    missing: missing.map(toPair),
    deferred: deferred.map(toPair),
  };
}

function toFetched(content: FetchedContent) {
  const { text, html } = content.body;
  const attachments = content.files.map((file) => ({
    ...toFile(file),
    content: file.bytes.toString('base64'),
  }));
  return { ...toPair(content), text, html, headers: content.row.headers, attachments };
}

function toPair({ tenantId, storageKey }: ContentPair) {
  return { tenant_id: tenantId, storage_key: storageKey };
}
