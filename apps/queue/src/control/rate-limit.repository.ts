import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import type { NewRateLimit } from './new-rate-limit.js';

/** A limit that is set. */
export interface RateLimit extends NewRateLimit {
  readonly object: 'queue_limit';
  readonly tenant_id: string;
  /** tenant, mailbox:<id>, domain:<key> or domain:* */
  readonly limit_key: string;
  /** How many have started today (UTC). Of domain:* each domain counts for itself: null. */
  readonly used_today: number | null;
  readonly updated_at: Date;
}

/** Of {@link RateLimit}. */
export const RATE_LIMIT_COLUMNS = `'queue_limit' AS object, l.tenant_id, l.limit_key, l.per_minute, l.per_day,
  CASE WHEN l.warmup_started_on IS NOT NULL THEN json_build_object(
    'started_on', l.warmup_started_on, 'curve', l.warmup_curve) END AS warmup,
  CASE WHEN l.limit_key <> 'domain:*' THEN coalesce((
    SELECT b.used_today FROM rate_buckets b
    WHERE b.tenant_id = l.tenant_id AND b.limit_key = l.limit_key
      AND b.day = (now() AT TIME ZONE 'UTC')::date), 0) END AS used_today,
  l.updated_at`;

const SET = `
INSERT INTO rate_limits AS l (tenant_id, limit_key, per_minute, per_day, warmup_started_on,
  warmup_curve)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id, limit_key) DO UPDATE SET per_minute = excluded.per_minute,
  per_day = excluded.per_day, warmup_started_on = excluded.warmup_started_on,
  warmup_curve = excluded.warmup_curve, row_version = l.row_version + 1, updated_at = now()
RETURNING ${RATE_LIMIT_COLUMNS}`;

/** Limits of one tenant. */
@Injectable()
export class RateLimitRepository {
  async set(tx: TenantTransaction, key: string, limit: NewRateLimit): Promise<RateLimit> {
    const { per_minute, per_day, warmup } = limit;
    const { rows } = await tx.query<RateLimit>(SET, [
      tx.tenantId,
      key,
      per_minute,
      per_day,
      warmup?.started_on ?? null,
      warmup?.curve ?? null,
    ]);
    return rows[0];
  }

  /** @returns false when there was none */
  async remove(tx: TenantTransaction, key: string): Promise<boolean> {
    const { rowCount } = await tx.query(
      'DELETE FROM rate_limits WHERE tenant_id = $1 AND limit_key = $2',
      [tx.tenantId, key],
    );
    return rowCount > 0;
  }
}
