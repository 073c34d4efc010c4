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
 * Changes the counts of blobs by $3, an object of hash and number: each row asks for its number by its
 * own hash. A join of two lists would be a loop over every pair, for this login hashes none (ADR 24).
 *
 * The sub-select depends on no row, so it runs once, before the first row is read for the update, and
 * count(*) goes through all of `locked`: by then every lock is held.
 */
const changeCounts = (sign: '+' | '-'): string => `
  WITH locked AS (
    SELECT content_hash FROM content_blobs
    WHERE tenant_id = $1 AND content_hash = ANY($2) ORDER BY content_hash FOR UPDATE)
  UPDATE content_blobs
  SET ref_count = ref_count ${sign} ($3::jsonb -> content_hash)::int, updated_at = now()
  WHERE tenant_id = $1 AND content_hash = ANY($2) AND (SELECT count(*) FROM locked) > 0`;

const RETAIN = `${changeCounts('+')}
  RETURNING content_hash AS hash, algorithm, octet_length(bytes) AS "storedSizeBytes"`;
const RELEASE = changeCounts('-');

/**
 * Bytes that several contents of one tenant share. Every method that changes counts takes the locks in
 * the order of the hashes, so that two contents with the same files do not wait for each other.
 */
@Injectable()
export class BlobRepository {
  /** Adds references to the blobs that exist. @returns these */
  async retain(tx: TenantTransaction, references: BlobReferences): Promise<StoredBlob[]> {
    const { rows } = await tx.query<StoredBlob>(RETAIN, [tx.tenantId, ...columnsOf(references)]);
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
    const [hashes, counts] = columnsOf(references);
    await tx.query(RELEASE, [tx.tenantId, hashes, counts]);
    const { rows } = await tx.query<{ freed: number }>(
      `DELETE FROM content_blobs
       WHERE tenant_id = $1 AND content_hash = ANY($2) AND ref_count = 0
       RETURNING octet_length(bytes) AS freed`,
      [tx.tenantId, hashes],
    );
    return rows.reduce((sum, { freed }) => sum + freed, 0);
  }
}

/** The hashes in the order of the locks, and the number of each as JSON. */
function columnsOf(references: BlobReferences): [hashes: string[], counts: string] {
  return [[...references.keys()].sort(), JSON.stringify(Object.fromEntries(references))];
}
