import { Injectable } from '@nestjs/common';
import { type TenantRows, type TenantTransaction, underTenants } from '@penguinmails/database';

/** A key counts per tenant, method and route. */
export interface IdempotencyScope {
  readonly key: string;
  readonly method: string;
  readonly route: string;
}

/** A scope in the hands of one request. */
export interface IdempotencyClaim extends IdempotencyScope {
  /** Token of the request that holds the key. */
  readonly holder: string;
}

export interface StoredAnswer {
  readonly fingerprint: string;
  readonly state: 'in_progress' | 'done';
  readonly status: number | null;
  readonly response: unknown;
}

/** What tells two keys of a tenant apart. */
export function scopeText({ key, method, route }: IdempotencyScope): string {
  return `${method} ${route} ${key}`;
}

/** A key that somebody wants, with the hash of the request. */
export interface WantedKey {
  readonly claim: IdempotencyClaim;
  readonly fingerprint: string;
}

/** When a key that somebody has can be taken all the same. */
const TAKE_OVER = `
  ON CONFLICT (tenant_id, key, method, route) DO UPDATE
  SET fingerprint = EXCLUDED.fingerprint, holder = EXCLUDED.holder, reserved_at = now(),
    state = 'in_progress', status = NULL, response = NULL, expires_at = EXCLUDED.expires_at
  WHERE k.expires_at <= now()
    OR (k.state = 'in_progress' AND k.fingerprint = EXCLUDED.fingerprint
      AND (k.holder = EXCLUDED.holder OR k.reserved_at <= now() - interval '10 seconds'))`;

/** The keys are locked in one order, so that two of these do not wait for each other. */
const RESERVE_FOR_MANY = `
  INSERT INTO idempotency_keys AS k (tenant_id, key, method, route, fingerprint, holder)
  SELECT own_tenant, key, method, route, fingerprint, holder
  FROM ${underTenants(
    `(SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
        WITH ORDINALITY AS w (tenant_id, key, method, route, fingerprint, holder, n)
      ORDER BY tenant_id, key, method, route)`,
    'n::int - 1',
  )} AS w
  ${TAKE_OVER}
  RETURNING k.tenant_id, k.key, k.method, k.route`;

@Injectable()
export class IdempotencyRepository {
  /**
   * Takes the key when nobody has it, when it has expired, or when its holder has held it for 10 s
   * without an answer (by the database's clock). The same holder may take it again.
   */
  async reserve(
    tx: TenantTransaction,
    claim: IdempotencyClaim,
    fingerprint: string,
  ): Promise<boolean> {
    const { rowCount } = await tx.query(
      `INSERT INTO idempotency_keys AS k (tenant_id, key, method, route, fingerprint, holder)
       VALUES ($1, $2, $3, $4, $5, $6)
       ${TAKE_OVER}`,
      [tx.tenantId, claim.key, claim.method, claim.route, fingerprint, claim.holder],
      { name: 'idempotency-reserve' },
    );
    return rowCount === 1;
  }

  /**
   * As {@link reserve}, keys of several tenants that differ, each with the place of its tenant.
   * @returns the places of those that were taken
   */
  async reserveForMany(tx: TenantRows, wanted: readonly WantedKey[]): Promise<ReadonlySet<number>> {
    const { rows } = await tx.query<IdempotencyScope & { tenant_id: string }>(
      RESERVE_FOR_MANY,
      [
        wanted.map(({ claim }) => claim.key),
        wanted.map(({ claim }) => claim.method),
        wanted.map(({ claim }) => claim.route),
        wanted.map(({ fingerprint }) => fingerprint),
        wanted.map(({ claim }) => claim.holder),
      ],
      { name: 'idempotency-reserve-for-many' },
    );
    const taken = new Set(rows.map((row) => `${row.tenant_id} ${scopeText(row)}`));
    const name = (at: number) => `${tx.tenantIds[at].toLowerCase()} ${scopeText(wanted[at].claim)}`;
    return new Set([...wanted.keys()].filter((at) => taken.has(name(at))));
  }

  async find(tx: TenantTransaction, scope: IdempotencyScope): Promise<StoredAnswer | null> {
    const { rows } = await tx.query<StoredAnswer>(
      `SELECT fingerprint, state, status, response FROM idempotency_keys
       WHERE tenant_id = $1 AND key = $2 AND method = $3 AND route = $4`,
      [tx.tenantId, scope.key, scope.method, scope.route],
    );
    return rows[0] ?? null;
  }

  /** @returns whether the holder still holds the key; it then does until the end of `tx` */
  async lock(tx: TenantTransaction, claim: IdempotencyClaim): Promise<boolean> {
    const { rowCount } = await tx.query(
      `SELECT 1 AS held FROM idempotency_keys
       WHERE tenant_id = $1 AND key = $2 AND method = $3 AND route = $4 AND holder = $5
         AND state = 'in_progress'
       FOR UPDATE`,
      [tx.tenantId, claim.key, claim.method, claim.route, claim.holder],
      { name: 'idempotency-lock' },
    );
    return rowCount === 1;
  }

  async complete(
    tx: TenantTransaction,
    claim: IdempotencyClaim,
    answer: { readonly status: number; readonly response: unknown },
  ): Promise<void> {
    await tx.query(
      `UPDATE idempotency_keys SET state = 'done', status = $6, response = $7
       WHERE tenant_id = $1 AND key = $2 AND method = $3 AND route = $4 AND holder = $5`,
      [
        tx.tenantId,
        claim.key,
        claim.method,
        claim.route,
        claim.holder,
        answer.status,
        JSON.stringify(answer.response),
      ],
      { name: 'idempotency-complete' },
    );
  }

  /** Gives the key back unanswered. Nothing happens when another holder has it by now. */
  async release(tx: TenantTransaction, claim: IdempotencyClaim): Promise<void> {
    await tx.query(
      `DELETE FROM idempotency_keys
       WHERE tenant_id = $1 AND key = $2 AND method = $3 AND route = $4 AND holder = $5
         AND state = 'in_progress'`,
      [tx.tenantId, claim.key, claim.method, claim.route, claim.holder],
    );
  }
}
