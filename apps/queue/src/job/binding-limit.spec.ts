import { describe, expect, it } from '@jest/globals';
import { bindingLimit, type HoldingFacts, type LimitUsage } from './binding-limit.js';

const NOW = new Date('2026-11-23T12:00:00Z');
const DUE = { scheduledAt: NOW, putOffBy: null };
const free: HoldingFacts = {
  now: NOW,
  typePaused: false,
  tenantPaused: false,
  mailboxPaused: false,
  usages: [],
};

const usage = (change: Partial<LimitUsage>): LimitUsage => ({
  tenantId: 't',
  key: 'tenant',
  perMinute: null,
  perDay: null,
  warmupStartedOn: null,
  warmupCurve: null,
  tokens: 0,
  secondsSinceRefill: 0,
  usedToday: 0,
  today: '2026-11-23',
  dayEndsInMs: 43_200_000,
  ...change,
});
const by = (...changes: Partial<LimitUsage>[]) =>
  bindingLimit(DUE, { ...free, usages: changes.map(usage) });

describe('what a job waits for', () => {
  it('is a pause before any limit, the widest one first', () => {
    const usages = [usage({ perDay: 1, usedToday: 1 })];
    const paused = { ...free, usages, mailboxPaused: true };
    expect(bindingLimit(DUE, paused)).toEqual({ limit: 'paused_mailbox', until: null });
    expect(bindingLimit(DUE, { ...paused, tenantPaused: true })?.limit).toBe('paused_tenant');
    const all = { ...paused, tenantPaused: true, typePaused: true };
    expect(bindingLimit(DUE, all)?.limit).toBe('paused_type');
  });

  it('is nothing before its own time, unless it was put off', () => {
    const scheduledAt = new Date(NOW.getTime() + 1);
    const paused = { ...free, typePaused: true };
    expect(bindingLimit({ scheduledAt, putOffBy: null }, paused)).toBeNull();
    const putOff = { scheduledAt, putOffBy: 'recipient_domain' };
    expect(bindingLimit(putOff, paused)?.limit).toBe('paused_type');
    expect(bindingLimit(putOff, free)).toEqual({ limit: 'recipient_domain', until: scheduledAt });
  });

  it('is over once the bucket has filled up, although nobody has looked since', () => {
    const half = by({ perMinute: 6, tokens: 0.5, secondsSinceRefill: 0 });
    expect(half).toMatchObject({ limit: 'tenant_per_minute' });
    expect(half!.until!.getTime() - NOW.getTime()).toBeCloseTo(5_000);
    expect(by({ perMinute: 6, tokens: 0.5, secondsSinceRefill: 6 })).toBeNull();
    expect(by({ perMinute: 6, tokens: null, secondsSinceRefill: null })).toBeNull();
  });

  it('is the limit of several that lets it through last', () => {
    const day = { key: 'mailbox:m', perDay: 5, usedToday: 5 };
    expect(by({ perMinute: 6 }, day)).toEqual({
      limit: 'mailbox_per_day',
      until: new Date('2026-11-24T00:00:00Z'),
    });
    expect(
      by({ ...day, warmupStartedOn: '2026-11-22', warmupCurve: [1, 3], usedToday: 3 }),
    ).toMatchObject({
      limit: 'mailbox_warmup',
    });
    expect(by({ key: 'domain:*', perDay: 1, usedToday: 1 })?.limit).toBe('recipient_domain');
  });
});
