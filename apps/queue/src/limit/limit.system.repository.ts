import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { type Bucket, bucketOf, type LimitRule } from './limit-rules.js';

const RULES = `
SELECT r.tenant_id AS "tenantId", r.limit_key AS key, r.per_minute AS "perMinute",
  r.per_day AS "perDay", r.warmup_started_on AS "warmupStartedOn", r.warmup_curve AS "warmupCurve"
FROM unnest($1::uuid[]) AS t(tenant_id) JOIN rate_limits r ON r.tenant_id = t.tenant_id`;

const FILL_NEW = `
INSERT INTO rate_buckets (tenant_id, limit_key, tokens, refilled_at, day, used_today)
SELECT l.tenant_id, l.limit_key, l.burst, now(), (now() AT TIME ZONE 'UTC')::date, 0
FROM unnest($1::uuid[], $2::text[], $3::float8[]) AS l(tenant_id, limit_key, burst)
ON CONFLICT (tenant_id, limit_key) DO NOTHING`;

/**
 * Refills and locks. A transaction that waited for the lock began before the other's refill: time does
 * not run backwards for a bucket.
 */
const REFILL = `
UPDATE rate_buckets b
SET tokens = least(l.burst, b.tokens + l.per_second
    * greatest(0, extract(epoch FROM now() - b.refilled_at)::float8)),
  refilled_at = greatest(now(), b.refilled_at),
  used_today = CASE WHEN b.day < (now() AT TIME ZONE 'UTC')::date THEN 0 ELSE b.used_today END,
  day = greatest(b.day, (now() AT TIME ZONE 'UTC')::date)
FROM unnest($1::uuid[], $2::text[], $3::float8[], $4::float8[])
  AS l(tenant_id, limit_key, burst, per_second)
WHERE b.tenant_id = l.tenant_id AND b.limit_key = l.limit_key
RETURNING b.tenant_id AS "tenantId", b.limit_key AS key, b.tokens, b.used_today AS "usedToday",
  b.day::text, greatest(0, extract(epoch FROM b.reserved_until - now())::float8 * 1000)
    AS "reservedForMs",
  extract(epoch FROM ((b.day + 1)::timestamp AT TIME ZONE 'UTC') - now())::float8 * 1000
    AS "dayEndsInMs"`;

const CHARGE = `
UPDATE rate_buckets b
SET tokens = greatest(0, b.tokens - u.used), used_today = b.used_today + u.used,
  reserved_until = coalesce(now() + u.reserved_ms * interval '1 millisecond', b.reserved_until)
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::float8[])
  AS u(tenant_id, limit_key, used, reserved_ms)
WHERE b.tenant_id = u.tenant_id AND b.limit_key = u.limit_key`;

/** Nothing of a day that is over: its count is gone, and what the next day counts was really used. */
const REFUND = `
UPDATE rate_buckets b
SET tokens = b.tokens + u.unused,
  used_today = greatest(0, b.used_today - CASE WHEN b.day = u.day THEN u.unused_of_day ELSE 0 END)
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::date[], $5::int[])
  AS u(tenant_id, limit_key, unused, day, unused_of_day)
WHERE b.tenant_id = u.tenant_id AND b.limit_key = u.limit_key`;

const PUT_OFF = `
UPDATE job_queue j
SET status = 'pending', lease_token = NULL, lease_expires_at = NULL, leased_by = NULL,
  scheduled_at = now() + p.delay_ms * interval '1 millisecond', limited_by = 'recipient_domain'
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::float8[])
  AS p(tenant_id, id, lease_token, delay_ms)
WHERE j.tenant_id = p.tenant_id AND j.id = p.id AND j.lease_token = p.lease_token`;

/** A bucket after its refill. `reservedForMs`: until its last reserved slot. */
export interface LockedBucket extends Bucket {
  readonly tenantId: string;
  readonly key: string;
  readonly reservedForMs: number | null;
}

/** What one claim used of a limit. */
export interface LimitUse {
  readonly tenantId: string;
  readonly key: string;
  readonly used: number;
  /** Milliseconds from now to the last slot that was reserved; null: none was. */
  readonly reservedMs: number | null;
}

/** What a limit gets back for what was claimed and never begun. */
export interface Refund {
  readonly tenantId: string;
  readonly key: string;
  readonly unused: number;
  /** The latest day, UTC, on which something of it was claimed: YYYY-MM-DD. */
  readonly day: string;
  /** So much of it was claimed on that day. */
  readonly unusedOfDay: number;
}

/** A claimed job that has to wait for its recipient's domain. */
export interface PutOff {
  readonly tenantId: string;
  readonly jobId: string;
  readonly leaseToken: string;
  readonly delayMs: number;
}

/** Statements about limits, over all tenants. */
@Injectable()
export class LimitSystemRepository {
  async rules(tx: SystemTransaction, tenantIds: readonly string[]): Promise<LimitRule[]> {
    const { rows } = await tx.query<LimitRule>(RULES, [tenantIds], { name: 'limits-rules' });
    return rows;
  }

  /** Refills the buckets of these rules and holds their locks; to be given in one order. */
  async lock(tx: SystemTransaction, rules: readonly LimitRule[]): Promise<LockedBucket[]> {
    const keys = [rules.map((rule) => rule.tenantId), rules.map((rule) => rule.key)];
    const buckets = rules.map((rule) => bucketOf(rule.perMinute));
    const bursts = buckets.map(({ burst }) => burst);
    await tx.query(FILL_NEW, [...keys, bursts]);
    const refills = buckets.map(({ perSecond }) => perSecond);
    const { rows } = await tx.query<LockedBucket>(REFILL, [...keys, bursts, refills]);
    return rows;
  }

  async charge(tx: SystemTransaction, uses: readonly LimitUse[]): Promise<void> {
    if (uses.length === 0) return;
    await tx.query(CHARGE, [
      uses.map((use) => use.tenantId),
      uses.map((use) => use.key),
      uses.map((use) => use.used),
      uses.map((use) => use.reservedMs),
    ]);
  }

  /** Gives back what was charged for jobs that never began; what is over the burst runs off. */
  async refund(tx: SystemTransaction, refunds: readonly Refund[]): Promise<void> {
    if (refunds.length === 0) return;
    await tx.query(REFUND, [
      refunds.map((refund) => refund.tenantId),
      refunds.map((refund) => refund.key),
      refunds.map((refund) => refund.unused),
      refunds.map((refund) => refund.day),
      refunds.map((refund) => refund.unusedOfDay),
    ]);
  }

  /** Makes jobs wait that were claimed in this transaction. */
  async putOff(tx: SystemTransaction, jobs: readonly PutOff[]): Promise<void> {
    if (jobs.length === 0) return;
    await tx.query(PUT_OFF, [
      jobs.map((job) => job.tenantId),
      jobs.map((job) => job.jobId),
      jobs.map((job) => job.leaseToken),
      jobs.map((job) => job.delayMs),
    ]);
  }
}
