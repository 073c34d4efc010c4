import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { type ContentPair, nameOf } from './content-pair.js';
import { statesChangedBy } from './content-state.js';

/** A content that something accepted refers to. */
export interface Claim extends ContentPair {
  /** Opaque id of what refers to it; null keeps the one that is there. */
  readonly ownerHint: string | null;
}

/** Contents of all tenants, always named by tenant and key together. */
@Injectable()
export class ContentSystemRepository {
  /**
   * Attaches what is pending or condemned; what is attached already stays as it is.
   * @returns the claims whose content does not exist
   */
  async attach(tx: SystemTransaction, claims: readonly Claim[]): Promise<Claim[]> {
    const { rows } = await tx.query<ContentPair>(
      `UPDATE content_objects o SET state = 'attached', state_changed_at = now(),
         references_asked_at = NULL, references_denied_at = NULL,
         owner_hint = coalesce(c.owner_hint, o.owner_hint),
         row_version = o.row_version + 1, updated_at = now()
       FROM unnest($1::uuid[], $2::text[], $3::text[]) AS c (tenant_id, storage_key, owner_hint)
       WHERE o.tenant_id = c.tenant_id AND o.storage_key = c.storage_key AND o.state = ANY($4)
       RETURNING o.tenant_id AS "tenantId", o.storage_key AS "storageKey"`,
      [...columnsOf(claims), claims.map((claim) => claim.ownerHint), statesChangedBy('attach')],
    );
    const rest = without(claims, rows);
    return rest.length === 0 ? rest : without(rest, await this.existing(tx, rest));
  }

  /** oltp says that nothing refers to these: noted once, on condemned contents only. */
  async deny(tx: SystemTransaction, pairs: readonly ContentPair[]): Promise<void> {
    await tx.query(
      `UPDATE content_objects o SET references_denied_at = now(),
         row_version = o.row_version + 1, updated_at = now()
       FROM unnest($1::uuid[], $2::text[]) AS p (tenant_id, storage_key)
       WHERE o.tenant_id = p.tenant_id AND o.storage_key = p.storage_key
         AND o.state = 'condemned' AND o.references_denied_at IS NULL`,
      columnsOf(pairs),
    );
  }

  async existing(tx: SystemTransaction, pairs: readonly ContentPair[]): Promise<ContentPair[]> {
    const { rows } = await tx.query<ContentPair>(
      `SELECT o.tenant_id AS "tenantId", o.storage_key AS "storageKey" FROM content_objects o
       JOIN unnest($1::uuid[], $2::text[]) AS p (tenant_id, storage_key)
         ON o.tenant_id = p.tenant_id AND o.storage_key = p.storage_key`,
      columnsOf(pairs),
    );
    return rows;
  }
}

/** Pairs as two arrays for unnest. */
export function columnsOf(pairs: readonly ContentPair[]): [string[], string[]] {
  return [pairs.map(({ tenantId }) => tenantId), pairs.map(({ storageKey }) => storageKey)];
}

function without<T extends ContentPair>(pairs: readonly T[], gone: readonly ContentPair[]): T[] {
  const names = new Set(gone.map(nameOf));
  return pairs.filter((pair) => !names.has(nameOf(pair)));
}
