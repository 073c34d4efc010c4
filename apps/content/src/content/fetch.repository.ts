import { Injectable } from '@nestjs/common';
import { type TenantRows, underTenants } from '@penguinmails/database';
import { BYTES, FILE, WITH_BLOB } from './attachment.repository.js';
import { BODY, OBJECT_WITH_BLOB } from './content.repository.js';
import type { AttachmentBytesRow, ContentRow } from './content.rows.js';

/** How much there is to read of one content. */
export interface ContentSize {
  /** Of bodies and files together. */
  readonly bytes: number;
  readonly files: number;
}

/** A key was looked up under the tenant of another one: that nothing is there means nothing then. */
export class ReadUnderAnotherTenant extends Error {
  override readonly name = 'ReadUnderAnotherTenant';
}

/** What was read for one key, and whether it was read under the key's own tenant. */
interface ReadForKey {
  /** The place of the key, and of its tenant. */
  readonly n: number;
  readonly own: boolean;
}

const KEYS = underTenants(
  `(SELECT (place - 1)::int AS n, key
    FROM unnest($2::text[]) WITH ORDINALITY AS given (key, place))`,
  'n',
);

/** A row for every key, with nulls when there is nothing. @param lookUp for `k.own_tenant`, `k.key` */
const forEachKey = (lookUp: string): string => `
  SELECT k.n, current_setting('app.current_tenant_id') = k.own_tenant::text AS own, found.*
  FROM ${KEYS} AS k
  LEFT JOIN LATERAL (${lookUp} OFFSET 0) AS found ON true`;

const OBJECT = `o.tenant_id = k.own_tenant AND o.storage_key = k.key AND o.state <> 'archived'`;

const SIZES = forEachKey(`
  SELECT coalesce(o.raw_size_bytes, 0) + f.bytes AS bytes, f.files
  FROM content_objects o
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS files, coalesce(sum(size_bytes), 0) AS bytes FROM attachments
    WHERE tenant_id = k.own_tenant AND parent_storage_key = k.key
  ) AS f
  WHERE ${OBJECT}`);

const BODIES = forEachKey(`SELECT ${BODY} FROM ${OBJECT_WITH_BLOB} WHERE ${OBJECT}`);

const FILES = forEachKey(`
  SELECT ${FILE}, ${BYTES} FROM ${WITH_BLOB}
  WHERE a.tenant_id = k.own_tenant AND a.parent_storage_key = k.key AND a.archive_ref IS NULL
  ORDER BY a.position`);

/**
 * Contents of several tenants: one statement for all of them, each key looked up under its own tenant. A
 * plan that does not keep to that is found out: ReadUnderAnotherTenant. It cannot happen with keys of one.
 */
@Injectable()
export class FetchRepository {
  /** @returns in the order of the keys; undefined for what does not exist or is archived */
  async sizes(tx: TenantRows, keys: readonly string[]): Promise<(ContentSize | undefined)[]> {
    type Size = ReadForKey & { bytes: string | null; files: number };
    const sizes = keys.map((): ContentSize | undefined => undefined);
    for (const { n, bytes, files } of await read<Size>(tx, SIZES, keys, 'fetch-sizes'))
      if (bytes !== null) sizes[n] = { bytes: Number(bytes), files };
    return sizes;
  }

  /** @returns in the order of the keys; undefined for what does not exist or is archived */
  async bodies(tx: TenantRows, keys: readonly string[]): Promise<(ContentRow | undefined)[]> {
    const bodies = keys.map((): ContentRow | undefined => undefined);
    for (const row of await read<ReadForKey & ContentRow>(tx, BODIES, keys, 'fetch-bodies'))
      if (row.storageKey !== null) bodies[row.n] = row;
    return bodies;
  }

  /** @returns for each key its files in the order of the message */
  async files(tx: TenantRows, keys: readonly string[]): Promise<AttachmentBytesRow[][]> {
    const files = keys.map((): AttachmentBytesRow[] => []);
    for (const row of await read<ReadForKey & AttachmentBytesRow>(tx, FILES, keys, 'fetch-files'))
      if (row.id !== null) files[row.n].push(row);
    return files;
  }
}

/** @throws ReadUnderAnotherTenant */
async function read<R extends ReadForKey>(
  tx: TenantRows,
  text: string,
  keys: readonly string[],
  name: string,
): Promise<R[]> {
  const { rows } = await tx.query<R>(text, [keys], { name });
  if (rows.some(({ own }) => !own)) throw new ReadUnderAnotherTenant(name);
  return rows;
}
