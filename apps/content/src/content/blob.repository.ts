import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import type { Algorithm, PackedBytes } from './compression.js';

/** A blob as stored. */
export interface StoredBlob {
  readonly hash: string;
  readonly algorithm: Algorithm;
  readonly storedSizeBytes: number;
}

/** How many references to each hash come or go. */
export type BlobReferences = ReadonlyMap<string, number>;

/**
 * Bytes that several contents of one tenant share. Every method that changes counts takes the locks in
 * the order of the hashes, so that two contents with the same files do not wait for each other.
 */
@Injectable()
export class BlobRepository {
  /** Adds references to the blobs that exist. @returns these */
  async retain(tx: TenantTransaction, references: BlobReferences): Promise<StoredBlob[]> {
    const hashes = [...references.keys()].sort();
    const { rows } = await tx.query<StoredBlob>(
      `WITH locked AS (
         SELECT content_hash FROM content_blobs
         WHERE tenant_id = $1 AND content_hash = ANY($2) ORDER BY content_hash FOR UPDATE)
       UPDATE content_blobs b SET ref_count = b.ref_count + r.count, updated_at = now()
       FROM locked l JOIN unnest($2::text[], $3::int[]) AS r (hash, count)
         ON r.hash = l.content_hash
       WHERE b.tenant_id = $1 AND b.content_hash = l.content_hash
       RETURNING b.content_hash AS hash, b.algorithm, octet_length(b.bytes) AS "storedSizeBytes"`,
      [tx.tenantId, hashes, hashes.map((hash) => references.get(hash))],
    );
    return rows;
  }

  /** Stores a blob, or adds the references when another transaction has stored it meanwhile. */
  async add(
    tx: TenantTransaction,
    hash: string,
    packed: PackedBytes,
    references: number,
  ): Promise<StoredBlob & { readonly isNew: boolean }> {
    const { rows } = await tx.query<StoredBlob & { isNew: boolean }>(
      `INSERT INTO content_blobs (tenant_id, content_hash, algorithm, bytes, raw_size_bytes, ref_count)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (tenant_id, content_hash) DO UPDATE
         SET ref_count = content_blobs.ref_count + EXCLUDED.ref_count, updated_at = now()
       RETURNING content_hash AS hash, algorithm, octet_length(bytes) AS "storedSizeBytes",
         xmax = 0 AS "isNew"`,
      [tx.tenantId, hash, packed.algorithm, packed.bytes, packed.rawSizeBytes, references],
    );
    return rows[0];
  }

  /** Takes references away and deletes the blobs that have none left. @returns bytes set free */
  async release(tx: TenantTransaction, references: BlobReferences): Promise<number> {
    const hashes = [...references.keys()].sort();
    await tx.query(
      `WITH locked AS (
         SELECT content_hash FROM content_blobs
         WHERE tenant_id = $1 AND content_hash = ANY($2) ORDER BY content_hash FOR UPDATE)
       UPDATE content_blobs b SET ref_count = b.ref_count - r.count, updated_at = now()
       FROM locked l JOIN unnest($2::text[], $3::int[]) AS r (hash, count)
         ON r.hash = l.content_hash
       WHERE b.tenant_id = $1 AND b.content_hash = l.content_hash`,
      [tx.tenantId, hashes, hashes.map((hash) => references.get(hash))],
    );
    const { rows } = await tx.query<{ freed: number }>(
      `DELETE FROM content_blobs
       WHERE tenant_id = $1 AND content_hash = ANY($2) AND ref_count = 0
       RETURNING octet_length(bytes) AS freed`,
      [tx.tenantId, hashes],
    );
    return rows.reduce((sum, { freed }) => sum + freed, 0);
  }
}
