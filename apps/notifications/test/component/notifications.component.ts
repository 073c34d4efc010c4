import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newEmailId, newId, systemEventFingerprint } from '@penguinmails/contracts';
import { eventually, produceEvents, testBrokers, type TestEvent } from '@penguinmails/testing';
import { NotificationsService } from './notifications-parts.js';

function outcome(tenantId: string, what: 'delivered' | 'bounced', day: string): TestEvent {
  const email_id = newEmailId();
  const data = {
    email_id,
    mode: 'live' as const,
    mailbox_id: newId(),
    attempt: 1,
    code: what === 'delivered' ? 250 : 550,
    enhanced_code: null,
    error_code: null,
    occurred_at: `${day}T08:00:00.000Z`,
  };
  return { type: `penguinmails.email.${what}.v1`, tenantId, subject: email_id, data, id: newId() };
}

function tenantCreated(tenantId: string, owner_user_id: string): TestEvent {
  const price = { plan_code: 'starter', price_per_thousand: 250, currency: 'USD' };
  const data = { tenant_id: tenantId, owner_user_id, ...price };
  return { type: 'penguinmails.tenant.created.v1', tenantId, subject: tenantId, data };
}

function raised(tenantId: string, count: number): TestEvent {
  const about = { eventType: 'job_dead', subjectKind: 'job', subjectId: tenantId, tenantId };
  const fingerprint = systemEventFingerprint(about);
  const data = {
    event_type: 'job_dead',
    severity: 'error' as const,
    fingerprint,
    subject_kind: 'job',
    subject_id: tenantId,
    tenant_id: tenantId,
    code: 'smtp_timeout',
    count,
  };
  const type = 'penguinmails.system.event_raised.v1';
  return { type, tenantId, subject: fingerprint, data, source: 'queue' };
}

const FEED = '/internal/notifications';

describe('notifications tell people what happened', () => {
  let service: NotificationsService;
  const brokers = testBrokers();
  const someone = () => ({ tenantId: newId(), userId: newId() });

  beforeAll(async () => {
    service = await NotificationsService.start();
  });
  afterAll(() => service.stop());

  const feed = async (user: ReturnType<typeof someone>, query = '') =>
    (await service.asUser(user, { url: `${FEED}${query}` })).body.data;

  it('keeps one delivery summary a day, with exact counts, also for repeated events', async () => {
    const user = someone();
    const events = [
      ...Array.from({ length: 7 }, () => outcome(user.tenantId, 'delivered', '2026-11-20')),
      ...Array.from({ length: 2 }, () => outcome(user.tenantId, 'bounced', '2026-11-20')),
      outcome(user.tenantId, 'delivered', '2026-11-21'),
    ];
    await produceEvents(brokers, [tenantCreated(user.tenantId, user.userId), ...events]);
    await produceEvents(brokers, [...events, outcome(user.tenantId, 'delivered', '2026-11-21')]);
    await eventually(async () => {
      const messages = (await feed(user)).map(
        ({ title, message, occurrences }: Record<string, unknown>) => [title, message, occurrences],
      );
      expect(messages.sort()).toEqual([
        ['Delivery summary for 2026-11-20', '7 delivered, 2 bounced, 0 failed', 9],
        ['Delivery summary for 2026-11-21', '2 delivered, 0 bounced, 0 failed', 2],
      ]);
    });
  });

  it('tells an owner who becomes known after the deliveries', async () => {
    const user = someone();
    await produceEvents(brokers, [outcome(user.tenantId, 'delivered', '2026-11-22')]);
    await produceEvents(brokers, [tenantCreated(user.tenantId, user.userId)]);
    await eventually(async () => expect(await feed(user)).toHaveLength(1));
  });

  it('marks read and unread, counts, filters, pages', async () => {
    const user = someone();
    const days = ['2026-11-18', '2026-11-19', '2026-11-20'];
    const events = days.map((day) => outcome(user.tenantId, 'delivered', day));
    await produceEvents(brokers, [tenantCreated(user.tenantId, user.userId), ...events]);
    const [first] = await eventually(async () => {
      const all = await feed(user);
      expect(all).toHaveLength(3);
      return all;
    });
    const patch = {
      method: 'PATCH',
      url: `${FEED}/${first.id}`,
      payload: { is_read: true },
    } as const;
    expect((await service.asUser(user, patch)).body).toMatchObject({ is_read: true });
    expect((await service.asUser(user, { url: `${FEED}/unread-count` })).body).toEqual({
      count: 2,
    });
    expect(await feed(user, '?unread=true')).toHaveLength(2);
    expect(await feed(user, '?unread=false')).toHaveLength(1);
    const rest = `?limit=2&after_created_at=${first.created_at}&after_id=${first.id}`;
    expect(await feed(user, rest)).toHaveLength(2);
  });

  it('answers a foreign id like an unknown one, and changes nothing', async () => {
    const [mine, theirs] = [someone(), someone()];
    const event = outcome(theirs.tenantId, 'delivered', '2026-11-22');
    await produceEvents(brokers, [tenantCreated(theirs.tenantId, theirs.userId), event]);
    const [foreign] = await eventually(async () => {
      const all = await feed(theirs);
      expect(all).toHaveLength(1);
      return all;
    });
    const mark = (id: string) =>
      service.asUser(mine, { method: 'PATCH', url: `${FEED}/${id}`, payload: { is_read: true } });
    const [a, b] = [await mark(foreign.id), await mark(newId())];
    expect([a.status, b.status]).toEqual([404, 404]);
    expect({ ...a.body, request_id: '', instance: '' }).toEqual({
      ...b.body,
      request_id: '',
      instance: '',
    });
    expect((await feed(theirs))[0].is_read).toBe(false);
  });

  it('counts equal admin events as one row and shows them to operators only', async () => {
    const tenantId = newId();
    await produceEvents(brokers, [raised(tenantId, 1), raised(tenantId, 4)]);
    const url = '/internal/admin-events?severity=error&resolved=false';
    await eventually(async () => {
      const { body } = await service.asOperator({ url });
      const ours = body.data.filter((event: { tenant_id: string }) => event.tenant_id === tenantId);
      expect(ours).toHaveLength(1);
      expect(ours[0]).toMatchObject({ occurrences: 5, event_type: 'job_dead', is_resolved: false });
    });
    expect((await service.asUser(someone(), { url })).status).toBe(403);
  });

  it.each([
    ['a body without is_read', { method: 'PATCH', url: `${FEED}/${newId()}`, payload: {} }, 422],
    [
      'an unknown field',
      { method: 'PATCH', url: `${FEED}/${newId()}`, payload: { is_read: true, x: 1 } },
      422,
    ],
    ['an unknown parameter', { url: `${FEED}?tenant_id=${newId()}` }, 400],
    ['half a cursor', { url: `${FEED}?after_id=${newId()}` }, 400],
    ['a malformed id', { method: 'PATCH', url: `${FEED}/x`, payload: { is_read: true } }, 404],
  ] as const)('refuses %s', async (_, request, status) => {
    expect((await service.asUser(someone(), request)).status).toBe(status);
  });
});
