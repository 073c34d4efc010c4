import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newEmailId, newId, newStorageKey } from '@penguinmails/contracts';
import { eventually, produceEvents, testBrokers, type TestEvent } from '@penguinmails/testing';
import { OlapService } from './olap-parts.js';

const at = '2026-11-15T10:30:00.000Z';

/** One e-mail's public event, as oltp would publish it. */
function publicEvent(tenantId: string, what: 'sent' | 'delivered', mode: 'live' | 'test' = 'live') {
  const email_id = newEmailId();
  const common = { email_id, mode, mailbox_id: newId(), attempt: 1, occurred_at: at };
  const reply = { code: 250, enhanced_code: null, error_code: null };
  const data = what === 'sent' ? common : { ...common, ...reply };
  const type = `penguinmails.email.${what}.v1` as const;
  return { type, tenantId, subject: email_id, data, id: newId() } as TestEvent;
}

function acceptedEvent(tenantId: string, size_bytes: number): TestEvent {
  const email_id = newEmailId();
  return {
    type: 'penguinmails.email.accepted.v1',
    tenantId,
    subject: email_id,
    time: new Date(at),
    data: {
      email_id,
      storage_key: newStorageKey(),
      mailbox_id: newId(),
      domain_key: 'a'.repeat(32),
      mode: 'live',
      priority: 0,
      scheduled_at: null,
      size_bytes,
    },
  };
}

function tenantCreated(tenantId: string): TestEvent {
  const data = {
    tenant_id: tenantId,
    owner_user_id: newId(),
    plan_code: 'starter',
    price_per_thousand: 250,
    currency: 'USD',
  };
  return { type: 'penguinmails.tenant.created.v1', tenantId, subject: tenantId, data };
}

describe('olap counts what happened, exactly', () => {
  let olap: OlapService;
  const period = '/internal/billing?from=2026-11-01&to=2026-11-30';

  beforeAll(async () => {
    olap = await OlapService.start();
  });
  afterAll(() => olap.stop());

  const billing = async (tenantId: string) => (await olap.get(tenantId, period)).body.data[0];

  it('adds distinct events once, however often they are delivered, and leaves test mail out', async () => {
    const tenant = newId();
    const sent = Array.from({ length: 20 }, () => publicEvent(tenant, 'sent'));
    const delivered = Array.from({ length: 15 }, () => publicEvent(tenant, 'delivered'));
    const test = publicEvent(tenant, 'delivered', 'test');
    const accepted = [acceptedEvent(tenant, 1_500_000), acceptedEvent(tenant, 2_000_000)];
    const last = publicEvent(tenant, 'sent');
    await produceEvents(testBrokers(), [...accepted, ...sent, ...delivered, test]);
    await produceEvents(testBrokers(), [...sent, ...delivered, test, last]);

    await eventually(async () =>
      expect(await billing(tenant)).toMatchObject({
        period_start: '2026-11-01',
        period_end: '2026-11-30',
        emails_sent: 21,
        emails_delivered: 15,
        emails_bounced: 0,
        total_bytes: 3_500_000,
        total_size_mb: '3.34',
      }),
    );
  });

  it('derives the cost from the price, whichever comes first', async () => {
    const tenant = newId();
    await produceEvents(testBrokers(), [publicEvent(tenant, 'sent'), publicEvent(tenant, 'sent')]);
    await eventually(async () => expect((await billing(tenant)).emails_sent).toBe(2));
    expect((await billing(tenant)).estimated_cost_usd).toBe('0.0000');
    await produceEvents(testBrokers(), [tenantCreated(tenant)]);
    await eventually(async () => expect((await billing(tenant)).estimated_cost_usd).toBe('0.0050'));
  });

  it('counts the tenants of one slice each by itself, at their own prices', async () => {
    const [priced, unpriced] = [newId(), newId()];
    await produceEvents(testBrokers(), [tenantCreated(priced), publicEvent(priced, 'sent')]);
    await eventually(async () => expect((await billing(priced)).estimated_cost_usd).toBe('0.0025'));
    const more = Array.from({ length: 10 }, (_, n) =>
      publicEvent(n < 3 ? priced : unpriced, 'sent'),
    );
    await produceEvents(testBrokers(), [...more, acceptedEvent(priced, 1_048_576)]);
    await eventually(async () =>
      expect([await billing(priced), await billing(unpriced)]).toMatchObject([
        { emails_sent: 4, estimated_cost_usd: '0.0100', total_size_mb: '1.00' },
        { emails_sent: 7, estimated_cost_usd: '0.0000', total_size_mb: '0.00' },
      ]),
    );
  });

  /** Made in 2024: what is known since a start only shows. */
  const oldTenant = () => `01900000-0000${newId().slice(13)}`;
  const asOf = async (tenantId: string) => {
    const { body } = await olap.get(tenantId, period);
    return {
      until: Date.parse(body.as_of),
      lag: body.lag_seconds,
      sent: body.data[0]?.emails_sent,
    };
  };

  it('says until when it has counted, which stands still with a single topic', async () => {
    const [tenant, other] = [oldTenant(), newId()];
    const startedAt = Date.now();
    await eventually(async () => (await asOf(tenant)).until > startedAt);
    const release = await olap.hold('email_activity_hourly');
    try {
      await produceEvents(testBrokers(), [publicEvent(tenant, 'sent')]);
      const producedAt = Date.now();
      await eventually(async () => {
        await produceEvents(testBrokers(), [tenantCreated(other)]);
        const { until, lag, sent } = await asOf(tenant);
        expect(until).toBeLessThanOrEqual(producedAt);
        expect(sent).toBeUndefined();
        expect(lag).toBeGreaterThan(6);
      });
      await release();
      const later = await eventually(async () => {
        const seen = await asOf(tenant);
        return seen.until > producedAt && seen;
      });
      expect(later.sent).toBe(1);
    } finally {
      await release();
    }
  });

  it('has not counted what is parked, of the same tenant', async () => {
    const tenant = oldTenant();
    await eventually(async () => (await asOf(tenant)).until > Date.parse(at));
    const release = await olap.park(tenant, at);
    try {
      expect((await asOf(tenant)).until).toBe(Date.parse(at));
      expect((await asOf(oldTenant())).until).toBeGreaterThan(Date.parse(at));
    } finally {
      await release();
    }
    expect((await asOf(tenant)).until).toBeGreaterThan(Date.parse(at));
  });

  it('shows a tenant nothing of another', async () => {
    const [mine, theirs] = [newId(), newId()];
    await produceEvents(testBrokers(), [publicEvent(theirs, 'sent')]);
    await eventually(async () => expect((await billing(theirs)).emails_sent).toBe(1));
    expect((await olap.get(mine, period)).body.data).toEqual([]);
  });

  it.each([
    ['/internal/billing?from=yesterday', 400],
    ['/internal/billing?from=2026-12-01&to=2026-11-01', 400],
    ['/internal/billing?granularity=day', 400],
    ['/internal/billing?tenant_id=x', 400],
  ])('refuses %s', async (url, status) => {
    expect((await olap.get(newId(), url)).status).toBe(status);
  });

  it('refuses a key without the scope', async () => {
    expect((await olap.get(newId(), period, ['emails:send'])).status).toBe(403);
  });
});
