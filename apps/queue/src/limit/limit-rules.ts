/** A limit as a person set it (table rate_limits). null: unlimited. */
export interface LimitRule {
  readonly tenantId: string;
  /** tenant, mailbox:<rate key>, domain:<domain key> or domain:* */
  readonly key: string;
  readonly perMinute: number | null;
  readonly perDay: number | null;
  /** YYYY-MM-DD, UTC. */
  readonly warmupStartedOn: string | null;
  /** The n-th entry caps the n-th day of the warm-up. */
  readonly warmupCurve: readonly number[] | null;
}

/** What is left of a limit, as of the database's clock. */
export interface Bucket {
  readonly tokens: number;
  readonly usedToday: number;
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  /** Milliseconds until that day is over. */
  readonly dayEndsInMs: number;
}

/** Which part of a limit binds. */
export type BindingPart = 'per_minute' | 'per_day' | 'warmup';

/** How many jobs a limit lets through now; with 0, what binds and for how long. */
export interface Allowance {
  readonly count: number;
  readonly binding: BindingPart | null;
  readonly waitMs: number;
}

const MINUTE = 60;
const DAY_MS = 86_400_000;

/**
 * How a limit per minute becomes a bucket: a twentieth of it may go at once, and the refill is so much
 * slower that no 60 seconds ever see more than the limit: burst + 60 · perSecond < perMinute + 1.
 * @returns size of the bucket, and refill a second; without a limit the bucket is never empty
 */
export function bucketOf(perMinute: number | null): { burst: number; perSecond: number } {
  if (perMinute === null) return { burst: 1, perSecond: 0 };
  const burst = Math.ceil(perMinute / 20);
  return { burst, perSecond: (perMinute - burst + 1) / MINUTE };
}

/** The cap of one day, and which part of the rule sets it; Infinity: none. */
export function dayCap(rule: LimitRule, day: string): { cap: number; part: BindingPart } {
  const cap = rule.perDay ?? Infinity;
  const warm = warmupCap(rule, day);
  return warm < cap ? { cap: warm, part: 'warmup' } : { cap, part: 'per_day' };
}

function warmupCap({ warmupStartedOn, warmupCurve }: LimitRule, day: string): number {
  if (!warmupStartedOn || !warmupCurve) return Infinity;
  const nth = Math.round((Date.parse(day) - Date.parse(warmupStartedOn)) / DAY_MS);
  return warmupCurve[Math.max(0, nth)] ?? Infinity;
}

/** What a limit lets through now. */
export function allowanceOf(rule: LimitRule, bucket: Bucket): Allowance {
  const { cap, part } = dayCap(rule, bucket.day);
  const today = Math.max(0, cap - bucket.usedToday);
  if (today === 0) return { count: 0, binding: part, waitMs: bucket.dayEndsInMs };
  if (rule.perMinute === null) return { count: today, binding: null, waitMs: 0 };
  // The database adds up fractions of a token: nine tenths and a tenth may come to a hair less than one.
  const ready = Math.floor(bucket.tokens + 1e-9);
  if (ready > 0) return { count: Math.min(today, ready), binding: null, waitMs: 0 };
  const { perSecond } = bucketOf(rule.perMinute);
  return { count: 0, binding: 'per_minute', waitMs: ((1 - bucket.tokens) / perSecond) * 1000 };
}
