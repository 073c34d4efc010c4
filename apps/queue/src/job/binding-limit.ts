import { type Allowance, allowanceOf, bucketOf, type LimitRule } from '../limit/limit-rules.js';

/** What may keep a job from running although its time has come. */
export const limitNames = [
  'paused_type',
  'paused_tenant',
  'paused_mailbox',
  'mailbox_per_minute',
  'mailbox_per_day',
  'mailbox_warmup',
  'tenant_per_minute',
  'tenant_per_day',
  'recipient_domain',
] as const;
export type LimitName = (typeof limitNames)[number];

/** The limit that a job waits for. `until` null: until somebody resumes it. */
export interface BindingLimit {
  readonly limit: LimitName;
  readonly until: Date | null;
}

/** A limit that the job falls under, and what was left of it when it was last used. */
export interface LimitUsage extends LimitRule {
  /** null: never used yet, so the bucket is full. */
  readonly tokens: number | null;
  readonly secondsSinceRefill: number | null;
  /** Of today. */
  readonly usedToday: number;
  /** YYYY-MM-DD, UTC. */
  readonly today: string;
  readonly dayEndsInMs: number;
}

/** Everything that may hold a job back, read at one moment. */
export interface HoldingFacts {
  /** The database's clock. */
  readonly now: Date;
  readonly typePaused: boolean;
  readonly tenantPaused: boolean;
  readonly mailboxPaused: boolean;
  readonly usages: readonly LimitUsage[];
}

/** A job as far as it matters here. */
export interface WaitingJob {
  readonly scheduledAt: Date;
  /** Why it was put off to that time; null: it was not. */
  readonly putOffBy: string | null;
}

/**
 * What a waiting job waits for, if not for its own time: a pause before any limit, and of several
 * used-up limits the one that lets it through last. null: nothing but the jobs before it.
 */
export function bindingLimit(job: WaitingJob, facts: HoldingFacts): BindingLimit | null {
  const isDue = job.scheduledAt <= facts.now;
  if (!isDue && job.putOffBy === null) return null;
  const pause = pauseOf(facts);
  if (pause) return { limit: pause, until: null };
  if (!isDue) return { limit: 'recipient_domain', until: job.scheduledAt };
  return lastOf(facts.usages.flatMap((usage) => usedUp(usage, facts.now)));
}

function pauseOf({ typePaused, tenantPaused, mailboxPaused }: HoldingFacts): LimitName | null {
  if (typePaused) return 'paused_type';
  if (tenantPaused) return 'paused_tenant';
  return mailboxPaused ? 'paused_mailbox' : null;
}

function usedUp(usage: LimitUsage, now: Date): { limit: LimitName; until: Date }[] {
  const allowance = allowanceOf(usage, {
    tokens: tokensNow(usage),
    usedToday: usage.usedToday,
    day: usage.today,
    dayEndsInMs: usage.dayEndsInMs,
  });
  if (allowance.count > 0) return [];
  return [{ limit: nameOf(usage, allowance), until: new Date(now.getTime() + allowance.waitMs) }];
}

/** What the bucket holds by now: it fills up while nobody looks. */
function tokensNow({ perMinute, tokens, secondsSinceRefill }: LimitUsage): number {
  const { burst, perSecond } = bucketOf(perMinute);
  if (tokens === null || secondsSinceRefill === null) return burst;
  return Math.min(burst, tokens + secondsSinceRefill * perSecond);
}

function nameOf({ key }: LimitRule, { binding }: Allowance): LimitName {
  if (key.startsWith('domain:')) return 'recipient_domain';
  if (key === 'tenant') return binding === 'per_minute' ? 'tenant_per_minute' : 'tenant_per_day';
  if (binding === 'warmup') return 'mailbox_warmup';
  return binding === 'per_minute' ? 'mailbox_per_minute' : 'mailbox_per_day';
}

function lastOf(limits: readonly { limit: LimitName; until: Date }[]): BindingLimit | null {
  const [last = null] = [...limits].sort((a, b) => b.until.getTime() - a.until.getTime());
  return last;
}
