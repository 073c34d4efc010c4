import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newEmailId, newId, newStorageKey, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import type { TenantFoundation } from '../../src/tenant/tenant-resource.js';
import { OltpService, platformToken, serviceToken, tenantToken } from './oltp-service.js';

let oltp: OltpService;
let tenant: TenantFoundation;
let token: string;

beforeAll(async () => {
  oltp = await OltpService.start();
  await oltp.rows(
    `INSERT INTO tenants (id, name, slug, plan_code) VALUES ($1, 'Platform', 'platform', 'free')`,
    [PLATFORM_TENANT_ID],
  );
  const answer = await oltp.request<TenantFoundation>('POST', '/tenants', await platformToken(), {
    name: 'Acme',
    slug: 'acme',
    owner: { email: 'ada@acme.example', name: 'Ada' },
  });
  expect(answer.status).toBe(201);
  tenant = answer.body;
  token = await tenantToken(tenant.tenant.id);
});
afterAll(() => oltp.stop());

const emailBody = (change: object = {}): Record<string, unknown> => ({
  id: newEmailId(),
  storage_key: newStorageKey(),
  from: tenant.mailbox.address,
  to: 'grace@customer.example',
  subject: 'Hello',
  reply_to: null,
  tags: [],
  scheduled_at: null,
  size_bytes: 10,
  ...change,
});

describe('acceptances that come together', () => {
  it('are for the gateway, and each of them for its own caller', async () => {
    const reader = await tenantToken(tenant.tenant.id, ['emails:read']);
    const item = (caller: number) => ({
      caller,
      request_id: `request ${caller}`,
      trace: {},
      body: emailBody({ tags: caller === 2 ? 'none' : [] }),
    });
    const body = { callers: [token, reader, token], items: [0, 1, 2].map(item) };
    const path = '/emails:accept_together';
    for (const wrong of [token, await serviceToken('worker')])
      expect((await oltp.request('POST', path, wrong, body)).status).toBe(403);
    expect((await oltp.request('POST', path, undefined, body)).status).toBe(401);
    const gateway = await serviceToken('gateway');
    const { status, body: answer } = await oltp.request<{
      answers: { status: number; body: { id?: string; code?: string } }[];
    }>('POST', path, gateway, body);
    expect(status).toBe(200);
    expect(answer.answers.map((each) => [each.status, each.body.code])).toEqual([
      [202, undefined],
      [403, 'scope_missing'],
      [422, 'validation_failed'],
    ]);
    const rows = await oltp.rows('SELECT id FROM emails');
    expect(rows).toEqual([{ id: answer.answers[0].body.id }]);
  });

  it('reservations too', async () => {
    const claim = { key: newId(), method: 'POST', route: '/v1/emails', fingerprint: 'f' };
    const item = { caller: 0, request_id: 'r', trace: {}, body: { ...claim, holder: newId() } };
    const body = { callers: [token], items: [item, { ...item, body: { ...claim, key: '' } }] };
    const path = '/idempotency:reserve_together';
    expect((await oltp.request('POST', path, token, body)).status).toBe(403);
    const answer = await oltp.request('POST', path, await serviceToken('gateway'), body);
    expect(answer).toMatchObject({
      status: 200,
      body: { answers: [{ status: 200, body: { state: 'reserved' } }, { status: 422 }] },
    });
  });
});
