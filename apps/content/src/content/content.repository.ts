import { Injectable } from '@nestjs/common';
import { newId } from '@penguinmails/contracts';
import { type TenantRows, type TenantTransaction, underTenants } from '@penguinmails/database';
import { type ContentPair, nameOf } from './content-pair.js';
import type { ContentRow, NewContentRow } from './content.rows.js';
import { type ContentState, statesChangedBy } from './content-state.js';

/** What tells whether a content put again under its key is the same one. */
export interface StoredIdentity {
  readonly state: ContentState;
  readonly contentHash: string;
}

/** Every row is written under its own tenant, and so is the sum of each tenant's rows. */
const INSERT_FOR_MANY = `
  WITH stored AS (
    INSERT INTO content_objects (tenant_id, storage_key, content_text, content_html,
      content_encoding, headers, raw_size_bytes, content_hash, compression_algorithm,
      compressed_size_bytes)
    SELECT own_tenant, key, text, html, encoding, headers, raw_size, hash, algorithm, stored_size
    FROM ${underTenants(
      `(SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::bytea[], $6::jsonb[],
          $7::int[], $8::text[], $9::text[], $10::int[]) WITH ORDINALITY
        AS c (key, text, html, encoding, headers, raw_size, hash, algorithm, stored_size, n))`,
      'n::int - 1',
    )} AS new
    ON CONFLICT (tenant_id, storage_key) DO NOTHING
    RETURNING tenant_id, storage_key, compressed_size_bytes
  ), counted AS (
    INSERT INTO tenant_usage (tenant_id, id, stored_bytes, object_count)
    SELECT own_tenant, ($11::uuid[])[place + 1], bytes, objects
    FROM ${underTenants(
      `(SELECT array_position($1::uuid[], tenant_id) - 1 AS place,
          sum(compressed_size_bytes) AS bytes, count(*) AS objects
        FROM stored GROUP BY tenant_id)`,
      'place',
    )} AS of_tenant
  )
  SELECT tenant_id AS "tenantId", storage_key AS "storageKey" FROM stored`;

/** Columns of a content `o` with its body. */
export const BODY = `o.storage_key AS "storageKey", o.state, o.content_text AS text,
  o.content_html AS html, coalesce(o.headers, '{}') AS headers,
  coalesce(o.raw_size_bytes, 0) AS "rawSizeBytes", coalesce(o.content_hash, '') AS "contentHash",
  coalesce(b.algorithm, o.compression_algorithm) AS algorithm,
  coalesce(b.bytes, o.content_encoding) AS packed`;

export const OBJECT_WITH_BLOB = `content_objects o
  LEFT JOIN content_blobs b ON b.tenant_id = o.tenant_id AND b.content_hash = o.content_blob_hash`;

/** Rows of content_objects of one tenant. */
@Injectable()
export class ContentRepository {
  /** @throws unique violation of content_objects_pkey when the key is taken */
  async insert(tx: TenantTransaction, row: NewContentRow): Promise<void> {
    await tx.query(
      `INSERT INTO content_objects (tenant_id, storage_key, content_text, content_html,
         content_encoding, content_blob_hash, headers, raw_size_bytes, content_hash,
         compression_algorithm, compressed_size_bytes)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        tx.tenantId,
        row.storageKey,
        row.text,
        row.html,
        row.encoding,
        row.blobHash,
        JSON.stringify(row.headers),
        row.rawSizeBytes,
        row.contentHash,
        row.algorithm,
        row.storedSizeBytes,
      ],
    );
  }

  /**
   * Stores contents, each with the place of its tenant, and counts what they occupy. A key that is taken
   * is left out.
   * @param rows no key of a tenant twice
   * @returns the places of those stored
   */
  async insertForMany(
    tx: TenantRows,
    rows: readonly NewContentRow[],
  ): Promise<ReadonlySet<number>> {
    const column = <V>(value: (row: NewContentRow) => V): V[] => rows.map(value);
    const { rows: stored } = await tx.query<ContentPair>(
      INSERT_FOR_MANY,
      [
        column((row) => row.storageKey),
        column((row) => row.text),
        column((row) => row.html),
        column((row) => row.encoding),
        column((row) => JSON.stringify(row.headers)),
        column((row) => row.rawSizeBytes),
        column((row) => row.contentHash),
        column((row) => row.algorithm),
        column((row) => row.storedSizeBytes),
        column(() => newId()),
      ],
      { name: 'contents-insert-for-many' },
    );
    const names = new Set(stored.map(nameOf));
    const nameAt = (at: number) =>
      nameOf({ tenantId: tx.tenantIds[at].toLowerCase(), storageKey: rows[at].storageKey });
    return new Set([...rows.keys()].filter((at) => names.has(nameAt(at))));
  }

  /** Locks the row until the end of the transaction. */
  async lock(tx: TenantTransaction, storageKey: string): Promise<StoredIdentity | undefined> {
    const { rows } = await tx.query<StoredIdentity>(
      `SELECT state, content_hash AS "contentHash" FROM content_objects
       WHERE tenant_id = $1 AND storage_key = $2 FOR UPDATE`,
      [tx.tenantId, storageKey],
    );
    return rows[0];
  }

  /**
   * A row that was inserted as the seed does it has no hash, so its body cannot be told from a damaged
   * one.
   */
  async read(tx: TenantTransaction, storageKey: string): Promise<ContentRow | undefined> {
    const { rows } = await tx.query<ContentRow>(
      `SELECT ${BODY} FROM ${OBJECT_WITH_BLOB}
       WHERE o.tenant_id = $1 AND o.storage_key = $2 AND o.state <> 'archived'`,
      [tx.tenantId, storageKey],
    );
    return rows[0];
  }

  /** A condemned content waits again from now on; in any other state nothing changes. */
  async revive(tx: TenantTransaction, storageKey: string): Promise<void> {
    await tx.query(
      `UPDATE content_objects SET state = 'pending', state_changed_at = now(),
         references_asked_at = NULL, references_denied_at = NULL,
         row_version = row_version + 1, updated_at = now()
       WHERE tenant_id = $1 AND storage_key = $2 AND state = ANY($3)`,
      [tx.tenantId, storageKey, statesChangedBy('revive')],
    );
  }

  /** Those of the keys whose denial has stood for so long; locks them. Taken ones are skipped. */
  async lockDenied(
    tx: TenantTransaction,
    storageKeys: readonly string[],
    graceSeconds: number,
  ): Promise<string[]> {
    const { rows } = await tx.query<{ storageKey: string }>(
      `SELECT storage_key AS "storageKey" FROM content_objects
       WHERE tenant_id = $1 AND storage_key = ANY($2) AND state = ANY($3)
         AND references_denied_at <= now() - make_interval(secs => $4)
       ORDER BY storage_key FOR UPDATE SKIP LOCKED`,
      [tx.tenantId, storageKeys, statesChangedBy('reap'), graceSeconds],
    );
    return rows.map(({ storageKey }) => storageKey);
  }

  /**
   * Deletes rows that this transaction has locked and whose attachments are gone.
   * @returns where their bodies lived: hash of the blob, or bytes within the row
   */
  async delete(tx: TenantTransaction, storageKeys: readonly string[]): Promise<DeletedBody[]> {
    const { rows } = await tx.query<DeletedBody>(
      `DELETE FROM content_objects WHERE tenant_id = $1 AND storage_key = ANY($2)
       RETURNING content_blob_hash AS "blobHash",
         CASE WHEN content_blob_hash IS NULL THEN coalesce(compressed_size_bytes, 0) ELSE 0 END
           AS "bytesInRow"`,
      [tx.tenantId, storageKeys],
    );
    return rows;
  }
}

export interface DeletedBody {
  readonly blobHash: string | null;
  readonly bytesInRow: number;
}
