import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { anonymous, Api, platform } from './support/api.js';
import { expectPointer, expectProblem } from './support/expect-problem.js';
import { Tenant } from './support/tenant.js';
import { untouchedTenant } from './support/untouched-tenant.js';

const UNKNOWN = '01990000-0000-7000-8000-0000000000ff';

const tenant = untouchedTenant();

describe('callers', () => {
  const wrongKeys = (): [string, string | undefined][] => {
    const { key = '' } = tenant().live;
    return [
      ['no key', undefined],
      ['an empty one', ''],
      ['nonsense', 'x'],
      ['one character another', `${key.slice(0, -2)}${key.endsWith('AA') ? 'BB' : 'AA'}`],
      ['another mode', key.replace('live', 'test')],
      ['half of it', key.slice(0, -10)],
      ['a platform key that is none', `pm_platform_${'A'.repeat(43)}`],
      ['very much', 'x'.repeat(8_000)],
    ];
  };

  it('without a good key are 401 on every kind of route', async () => {
    for (const [, key] of wrongKeys())
      for (const path of ['/v1/emails', '/v1/admin/health', `/v1/jobs/${UNKNOWN}`]) {
        const answer = await new Api(key).get(path);
        expectProblem(answer, 401, 'unauthorized');
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      }
  });

  it('without a good key cannot even make the gateway read a body', async () => {
    expectProblem(await anonymous.post('/v1/emails', '['.repeat(100_000)), 401, 'unauthorized');
  });

  it.each(['Basic', 'bearer', 'Key', ''])('with the scheme “%s” are 401', async (scheme) => {
    const authorization = `${scheme} ${tenant().live.key}`.trim();
    expectProblem(await anonymous.get('/v1/emails', { authorization }), 401, 'unauthorized');
  });

  it('with a key in the URL are 400', async () => {
    for (const name of ['api_key', 'key', 'token', 'after', 'x']) {
      const answer = await anonymous.get(`/v1/emails?${name}=${tenant().live.key}`);
      expectProblem(answer, 400, 'credential_in_query');
    }
  });

  it('with the key of a tenant are 403 on the routes of operators', async () => {
    for (const path of ['health', 'system-events', 'parked-events'])
      expectProblem(await tenant().live.get(`/v1/admin/${path}`), 403, 'wrong_credential_kind');
    expectProblem(await tenant().live.post('/v1/admin/tenants', {}), 403, 'wrong_credential_kind');
  });

  it('with a platform key are 403 on the routes of tenants', async () => {
    for (const path of ['/v1/emails', '/v1/notifications', '/v1/analytics/billing'])
      expectProblem(await platform().get(path), 403, 'wrong_credential_kind');
  });

  it('cannot give a key more than they have, nor do without its scope', async () => {
    const stranger = await Tenant.create();
    const scopes = ['emails:read', 'api_keys:write'];
    const made = await stranger.live.post('/v1/api-keys', { name: 'r', mode: 'live', scopes });
    const reader = new Api(String(made.body.key));
    expect((await reader.get('/v1/emails')).status).toBe(200);
    expectProblem(await reader.post('/v1/emails', stranger.message()), 403, 'scope_missing');
    expectProblem(await reader.get('/v1/notifications'), 403, 'scope_missing');
    const more = { name: 'm', mode: 'live', scopes: ['emails:send'] };
    expectProblem(await reader.post('/v1/api-keys', more), 403, 'scope_not_allowed');
  });
});

describe('paths, queries and headers', () => {
  const BAD_IDS = ['not-an-id', '%00', 'null', '1', `${UNKNOWN}0`, '..%2f', "'%20OR%201=1"];

  it('a malformed id is answered like an unknown one', async () => {
    for (const id of [...BAD_IDS, UNKNOWN]) {
      expectProblem(await tenant().live.get(`/v1/emails/${id}`), 404, 'not_found');
      expectProblem(await tenant().live.get(`/v1/jobs/${id}`), 404, 'not_found');
      expectProblem(await tenant().live.post(`/v1/emails/${id}/cancel`), 404, 'not_found');
    }
  });

  it.each([
    ['/v1/emails?limit=0', 'invalid_parameter'],
    ['/v1/emails?limit=x', 'invalid_parameter'],
    ['/v1/emails?limit=1&limit=2', 'invalid_parameter'],
    ['/v1/emails?status=sent', 'invalid_parameter'],
    ['/v1/emails?created_after=yesterday', 'invalid_parameter'],
    ['/v1/emails?after=x', 'invalid_cursor'],
    ['/v1/emails?after=', 'invalid_parameter'],
    ['/v1/emails?tenant_id=x', 'unknown_parameter'],
    ['/v1/emails?sort=subject', 'unknown_parameter'],
    [`/v1/emails/${UNKNOWN}?include=tenant`, 'invalid_parameter'],
    ['/v1/notifications?unread=maybe', 'invalid_parameter'],
    ['/v1/notifications?channel=fax', 'invalid_parameter'],
    ['/v1/analytics/billing?from=2026-02-30', 'invalid_parameter'],
    ['/v1/analytics/billing?from=2026-11-01&to=2026-10-01', 'invalid_parameter'],
    ['/v1/analytics/billing?granularity=second', 'invalid_parameter'],
  ])('%s is 400 %s', async (path, code) => {
    expectProblem(await tenant().live.get(path), 400, code);
  });

  it('a page is never larger than 100', async () => {
    expect((await tenant().live.get('/v1/emails?limit=1000000000')).status).toBe(200);
  });

  it.each(['', 'a b', 'x'.repeat(256), 'ü'])('Idempotency-Key %j', async (key) => {
    const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') };
    const answer = await tenant().live.post('/v1/emails', tenant().message(), headers);
    expectProblem(answer, 400, 'invalid_idempotency_key');
  });

  it('what there is no route for', async () => {
    expectProblem(await tenant().live.get('/v1/nothing'), 404, 'route_not_found');
    expectProblem(await tenant().live.call('DELETE', '/v1/emails'), 404, 'route_not_found');
    expectProblem(await tenant().live.get('/internal/emails'), 404, 'route_not_found');
    expectProblem(await tenant().live.get('/metrics'), 404, 'route_not_found');
  });
});

describe('bodies of the other routes', () => {
  it.each([
    [{ name: '', mode: 'live' }, '/name', 'invalid_name'],
    [{ name: 'a', mode: 'dead' }, '/mode', 'is_in'],
    [{ name: 'a', mode: 'live', scopes: ['*'] }, '/scopes', 'is_in'],
    [{ name: 'a', mode: 'live', expires_at: 'never' }, '/expires_at', 'invalid_time'],
    [{ name: 'a', mode: 'live', tenant_id: UNKNOWN }, '/tenant_id', 'unknown_field'],
    [{ name: 'a', mode: 'live', key: 'x' }, '/key', 'unknown_field'],
  ])('POST /v1/api-keys %j', async (body, pointer, code) => {
    expectPointer(await tenant().live.post('/v1/api-keys', body), pointer, code);
  });

  const owner = { email: 'a@b.test', name: 'A' };
  it.each([
    [{ slug: 'UPPER' }, '/slug', 'matches'],
    [{ slug: 'a.b' }, '/slug', 'matches'],
    [{ name: 'a\r\nb' }, '/name', 'invalid_name'],
    [{ owner: undefined }, '/owner', 'is_defined'],
    [{ owner: { ...owner, email: 'a@b.test,c@d.test' } }, '/owner/email', 'invalid_address'],
    [{ owner: { ...owner, role: 'root' } }, '/owner/role', 'unknown_field'],
    [{ status: 'active' }, '/status', 'unknown_field'],
  ])('POST /v1/admin/tenants %j', async (fields, pointer, code) => {
    const body = { name: 'A', slug: 'never-made', owner, ...fields };
    expectPointer(await platform().post('/v1/admin/tenants', body), pointer, code);
  });

  it('a slug that was refused is still free', async () => {
    const slug = `free-${randomUUID()}`;
    const body = { name: 'A', slug, owner: { ...owner, email: 'a' } };
    expectProblem(await platform().post('/v1/admin/tenants', body), 422, 'validation_failed');
    const good = await platform().post('/v1/admin/tenants', { ...body, owner });
    expect(good.status).toBe(201);
  });

  it('a slug that is taken is 409', async () => {
    const slug = tenant().from.split('@')[1].split('.')[0];
    const answer = await platform().post('/v1/admin/tenants', { name: 'A', slug, owner });
    expectProblem(answer, 409, 'slug_taken');
  });

  it.each([
    [{}, '/is_read'],
    [{ is_read: 'yes' }, '/is_read'],
    [{ is_read: true, read_at: null }, '/read_at'],
  ])('PATCH /v1/notifications/{id} %j', async (body, pointer) => {
    const answer = await tenant().live.patch(`/v1/notifications/${UNKNOWN}`, body);
    expectProblem(answer, 422, 'validation_failed');
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });

  it('a cancel takes no fields', async () => {
    const answer = await tenant().live.post(`/v1/emails/${UNKNOWN}/cancel`, { status: 'sent' });
    expectProblem(answer, 422, 'validation_failed');
  });
});
