import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import type { AttachmentBytesRow, AttachmentRow } from './content.rows.js';

/** Columns of a file `a`. */
export const FILE = `a.id, a.parent_storage_key AS "storageKey", a.filename,
  a.mime_type AS "contentType", a.size_bytes AS "sizeBytes",
  coalesce(a.storage_disposition, 'attachment') AS disposition, a.content_id AS "contentId",
  coalesce(a.content_hash, '') AS "contentHash"`;

/** Its bytes, in {@link WITH_BLOB}. */
export const BYTES = `coalesce(b.algorithm, 'none') AS algorithm, coalesce(b.bytes, a.content) AS packed`;

export const WITH_BLOB = `attachments a
  LEFT JOIN content_blobs b ON b.tenant_id = a.tenant_id AND b.content_hash = a.content_blob_hash`;

/** Files of contents of one tenant. Their bytes are blobs under the same hash. */
@Injectable()
export class AttachmentRepository {
  /** @param files in the order of the message; their blobs exist */
  async insert(tx: TenantTransaction, files: readonly AttachmentRow[]): Promise<void> {
    if (files.length === 0) return;
    await tx.query(
      `INSERT INTO attachments (tenant_id, id, parent_storage_key, position, filename, mime_type,
         size_bytes, storage_disposition, content_id, content_hash, content_blob_hash)
       SELECT $1, f.id, f.storage_key, f.position - 1, f.filename, f.mime_type, f.size_bytes,
         f.disposition, f.content_id, f.content_hash, f.content_hash
       FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[],
         $8::text[], $9::text[]) WITH ORDINALITY
         AS f (id, storage_key, filename, mime_type, size_bytes, disposition, content_id,
           content_hash, position)`,
      [
        tx.tenantId,
        files.map((file) => file.id),
        files.map((file) => file.storageKey),
        files.map((file) => file.filename),
        files.map((file) => file.contentType),
        files.map((file) => file.sizeBytes),
        files.map((file) => file.disposition),
        files.map((file) => file.contentId),
        files.map((file) => file.contentHash),
      ],
    );
  }

  /** The files of these contents, in the order of their messages. */
  async list(tx: TenantTransaction, storageKeys: readonly string[]): Promise<AttachmentRow[]> {
    const { rows } = await tx.query<AttachmentRow>(
      `SELECT ${FILE} FROM attachments a
       WHERE a.tenant_id = $1 AND a.parent_storage_key = ANY($2)
       ORDER BY a.parent_storage_key, a.position`,
      [tx.tenantId, storageKeys],
    );
    return rows;
  }

  async read(
    tx: TenantTransaction,
    storageKey: string,
    id: string,
  ): Promise<AttachmentBytesRow | undefined> {
    const { rows } = await tx.query<AttachmentBytesRow>(
      `SELECT ${FILE}, ${BYTES} FROM ${WITH_BLOB}
       WHERE a.tenant_id = $1 AND a.parent_storage_key = $2 AND a.id = $3 AND a.archive_ref IS NULL`,
      [tx.tenantId, storageKey, id],
    );
    return rows[0];
  }

  /** Deletes the files of these contents. @returns the hashes of their blobs, one per file */
  async delete(tx: TenantTransaction, storageKeys: readonly string[]): Promise<string[]> {
    const { rows } = await tx.query<{ hash: string | null }>(
      `DELETE FROM attachments WHERE tenant_id = $1 AND parent_storage_key = ANY($2)
       RETURNING content_blob_hash AS hash`,
      [tx.tenantId, storageKeys],
    );
    return rows.flatMap(({ hash }) => (hash === null ? [] : [hash]));
  }
}
