import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';

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
       ON CONFLICT (tenant_id, key, method, route) DO UPDATE
       SET fingerprint = EXCLUDED.fingerprint, holder = EXCLUDED.holder, reserved_at = now(),
         state = 'in_progress', status = NULL, response = NULL, expires_at = EXCLUDED.expires_at
       WHERE k.expires_at <= now()
         OR (k.state = 'in_progress' AND k.fingerprint = EXCLUDED.fingerprint
           AND (k.holder = EXCLUDED.holder OR k.reserved_at <= now() - interval '10 seconds'))`,
      [tx.tenantId, claim.key, claim.method, claim.route, fingerprint, claim.holder],
      { name: 'idempotency-reserve' },
    );
    return rowCount === 1;
  }

  /**
   * As {@link reserve}, several keys that differ. They are locked in one order, so that two of these do
   * not wait for each other.
   * @returns the places of those that were taken
   */
  async reserveAll(
    tx: TenantTransaction,
    wanted: readonly { readonly claim: IdempotencyClaim; readonly fingerprint: string }[],
  ): Promise<ReadonlySet<number>> {
    const { rows } = await tx.query<IdempotencyScope>(
      `INSERT INTO idempotency_keys AS k (tenant_id, key, method, route, fingerprint, holder)
       SELECT $1, key, method, route, fingerprint, holder
       FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
         AS w (key, method, route, fingerprint, holder)
       ORDER BY key, method, route
       ON CONFLICT (tenant_id, key, method, route) DO UPDATE
       SET fingerprint = EXCLUDED.fingerprint, holder = EXCLUDED.holder, reserved_at = now(),
         state = 'in_progress', status = NULL, response = NULL, expires_at = EXCLUDED.expires_at
       WHERE k.expires_at <= now()
         OR (k.state = 'in_progress' AND k.fingerprint = EXCLUDED.fingerprint
           AND (k.holder = EXCLUDED.holder OR k.reserved_at <= now() - interval '10 seconds'))
       RETURNING k.key, k.method, k.route`,
      [
        tx.tenantId,
        wanted.map(({ claim }) => claim.key),
        wanted.map(({ claim }) => claim.method),
        wanted.map(({ claim }) => claim.route),
        wanted.map(({ fingerprint }) => fingerprint),
        wanted.map(({ claim }) => claim.holder),
      ],
      { name: 'idempotency-reserve-all' },
    );
    const taken = new Set(rows.map(scopeText));
    return new Set([...wanted.keys()].filter((at) => taken.has(scopeText(wanted[at].claim))));
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
