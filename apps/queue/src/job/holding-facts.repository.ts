import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import type { HoldingFacts, LimitUsage } from './binding-limit.js';

/** What of a job decides which pauses and limits it falls under. */
export interface HeldBackJob {
  readonly type: string;
  /** Its mailbox; '' for none. */
  readonly rateKey: string;
  /** Keyed hash of the recipient's domain; null for none. */
  readonly domainKey: string | null;
}

type Pauses = Omit<HoldingFacts, 'usages'>;

const PAUSES = `
SELECT now() AS now,
  EXISTS (SELECT FROM queue_controls c WHERE c.job_type = $2 AND c.paused) AS "typePaused",
  EXISTS (SELECT FROM lane_pauses p WHERE p.tenant_id = $1 AND p.rate_key = '')
    AS "tenantPaused",
  EXISTS (SELECT FROM lane_pauses p WHERE p.tenant_id = $1 AND p.rate_key = $3 AND $3 <> '')
    AS "mailboxPaused"`;

/** A domain without a limit of its own is counted under its own key by the rule for all of them. */
const USAGES = `
SELECT r.tenant_id AS "tenantId", r.limit_key AS key, r.per_minute AS "perMinute",
  r.per_day AS "perDay", r.warmup_started_on AS "warmupStartedOn", r.warmup_curve AS "warmupCurve",
  b.tokens, extract(epoch FROM now() - b.refilled_at)::float8 AS "secondsSinceRefill",
  CASE WHEN b.day = t.today THEN b.used_today ELSE 0 END AS "usedToday", t.today,
  extract(epoch FROM ((t.today + 1)::timestamp AT TIME ZONE 'UTC') - now())::float8 * 1000
    AS "dayEndsInMs"
FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) t
CROSS JOIN rate_limits r
LEFT JOIN rate_buckets b ON b.tenant_id = r.tenant_id
  AND b.limit_key = CASE r.limit_key WHEN 'domain:*' THEN $3 ELSE r.limit_key END
WHERE r.tenant_id = $1 AND r.limit_key = ANY ($2)
  AND (r.limit_key <> 'domain:*' OR NOT EXISTS (
    SELECT FROM rate_limits own WHERE own.tenant_id = $1 AND own.limit_key = $3))`;

/** Reads what may hold a job of the tenant back. */
@Injectable()
export class HoldingFactsRepository {
  async read(tx: TenantTransaction, job: HeldBackJob): Promise<HoldingFacts> {
    const pauses = await tx.query<Pauses>(PAUSES, [tx.tenantId, job.type, job.rateKey]);
    return { ...pauses.rows[0], usages: await this.usages(tx, job) };
  }

  private async usages(tx: TenantTransaction, job: HeldBackJob): Promise<LimitUsage[]> {
    const own = `domain:${job.domainKey ?? ''}`;
    const domains = job.domainKey === null ? [] : [own, 'domain:*'];
    const mailbox = job.rateKey === '' ? [] : [`mailbox:${job.rateKey}`];
    const keys = ['tenant', ...mailbox, ...domains];
    const { rows } = await tx.query<LimitUsage>(USAGES, [tx.tenantId, keys, own]);
    return rows;
  }
}
