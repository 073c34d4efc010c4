import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, parseAddrSpec, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { SystemDatabase, TenantDatabase } from '@penguinmails/database';
import { ApiKeyRepository } from '../../src/api-key/api-key.repository.js';
import { ApiKeySystemRepository } from '../../src/api-key/api-key.system.repository.js';
import { CreateApiKey } from '../../src/api-key/create-api-key.js';
import { KeyUsage } from '../../src/api-key/key-usage.js';
import { ResolveKey } from '../../src/api-key/resolve-key.js';
import { AuditRepository } from '../../src/audit/audit.repository.js';
import type { IdempotencyClaim } from '../../src/idempotency/idempotency.repository.js';
import { ReserveKey } from '../../src/idempotency/reserve-key.js';
import { ReadTransports } from '../../src/mailbox/read-transports.js';
import { SecretBox } from '../../src/mailbox/secret-box.js';
import { BootstrapPlatform } from '../../src/platform/bootstrap-platform.js';
import { CreateTenant } from '../../src/tenant/create-tenant.js';
import { TenantRepository } from '../../src/tenant/tenant.repository.js';
import {
  callerOf,
  grantFor,
  grantOver,
  OltpParts,
  platformCaller,
  problemOf,
  type TestTenant,
} from './oltp-parts.js';

let parts: OltpParts;
let tenant: TestTenant;
let other: TestTenant;

beforeAll(async () => {
  parts = await OltpParts.open();
  [tenant, other] = [await parts.newTenant(), await parts.newTenant()];
});
afterAll(() => parts.close());

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
const newClaim = (route: string): IdempotencyClaim => ({
  key: newId(),
  method: 'POST',
  route,
  holder: newId(),
});
const reserve = (claim: IdempotencyClaim, tenantId = tenant.id) =>
  parts.get(ReserveKey).execute(tenantId, claim, 'fingerprint');

describe('an API key', () => {
  const resolve = (tenantId: string, key: string) =>
    parts.get(ResolveKey).execute(tenantId, sha256(key));
  const create = (of: TestTenant, change: object = {}) =>
    parts.get(CreateApiKey).execute(callerOf(of), {
      name: 'CI',
      mode: 'live',
      expiresAt: null,
      ...change,
    });

  it('is found under its tenant only', async () => {
    const made = await create(tenant, { scopes: ['emails:read'], mode: 'test' });
    expect(await resolve(tenant.id, made.key!)).toEqual({
      key_id: made.id,
      tenant_id: tenant.id,
      kind: 'tenant',
      mode: 'test',
      scopes: ['emails:read'],
      user_id: tenant.ownerId,
      tenant_status: 'active',
      expires_at: null,
    });
    const unknown = { status: 404, code: 'key_unknown' };
    expect(await problemOf(resolve(other.id, made.key!))).toEqual(unknown);
    expect(await problemOf(resolve(newId(), made.key!))).toEqual(unknown);
    expect(await problemOf(resolve(tenant.id, `${made.key}x`))).toEqual(unknown);
  });

  it('that is revoked or expired is unknown', async () => {
    const [revoked, expired] = [await create(tenant), await create(tenant)];
    await parts.admin.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [revoked.id]);
    await parts.admin.query('UPDATE api_keys SET expires_at = now() WHERE id = $1', [expired.id]);
    for (const { key } of [revoked, expired])
      expect(await problemOf(resolve(tenant.id, key!))).toMatchObject({ code: 'key_unknown' });
  });

  it('is shown once and stored nowhere, not even for a replay', async () => {
    const idempotency = newClaim('/v1/api-keys');
    await reserve(idempotency);
    const made = await create(tenant, { idempotency });
    expect(await reserve(idempotency)).toEqual({
      state: 'done',
      status: 201,
      response: { ...made, key: null },
    });
    const dump = await parts.rows<{ text: string }>(
      `SELECT concat((SELECT json_agg(k) FROM api_keys k), (SELECT json_agg(i) FROM idempotency_keys i),
         (SELECT json_agg(a) FROM audit_log a), (SELECT json_agg(o) FROM outbox o)) AS text`,
    );
    expect(dump[0].text).toContain(made.id);
    expect(dump[0].text).not.toContain(made.key!.slice(-20));
  });

  it('can do no more than the key that made it', async () => {
    const create = (caller: object, command: object) =>
      parts.get(CreateApiKey).execute(callerOf(tenant, caller), {
        name: 'n',
        mode: 'live',
        expiresAt: null,
        ...command,
      });
    const narrow = { scopes: ['api_keys:write', 'emails:read'] };
    expect((await create(narrow, {})).scopes).toEqual(['emails:read', 'api_keys:write']);
    expect(await problemOf(create(narrow, { scopes: ['emails:send'] }))).toEqual({
      status: 403,
      code: 'scope_not_allowed',
    });
    expect(await problemOf(create({ mode: 'test' }, {}))).toEqual({
      status: 403,
      code: 'mode_not_allowed',
    });
    const past = { expiresAt: new Date(Date.now() - 1) };
    expect(await problemOf(create({}, past))).toMatchObject({ status: 422 });
  });

  it('is audited when it is made', async () => {
    const made = await create(tenant);
    const rows = await parts.rows<Record<string, unknown>>(
      `SELECT tenant_id, actor_kind, action, subject_id, request_id FROM audit_log
       WHERE subject_id = $1`,
      [made.id],
    );
    expect(rows).toEqual([
      {
        tenant_id: tenant.id,
        actor_kind: 'api_key',
        action: 'api_key.created',
        subject_id: made.id,
        request_id: 'test-request',
      },
    ]);
  });

  it('has its last use written later, at most once a minute, under its own tenant only', async () => {
    const made = await create(tenant);
    const lastUse = async (): Promise<unknown> =>
      (await parts.rows('SELECT last_used_at FROM api_keys WHERE id = $1', [made.id]))[0];
    await resolve(tenant.id, made.key!);
    expect(await lastUse()).toEqual({ last_used_at: null });
    await parts.get(KeyUsage).flush();
    const first = await lastUse();
    expect(first).toEqual({ last_used_at: expect.any(Date) });
    await resolve(tenant.id, made.key!);
    await parts.get(KeyUsage).flush();
    expect(await lastUse()).toEqual(first);
    const system = parts.get(SystemDatabase);
    const usedAt = new Date(Date.now() + 60_000);
    const foreign = { tenantId: other.id, id: made.id, usedAt };
    const keys = parts.get(ApiKeySystemRepository);
    expect(await system.once((tx) => keys.touch(tx, [foreign]))).toBe(0);
    expect(await lastUse()).toEqual(first);
    const own = { ...foreign, tenantId: tenant.id };
    expect(await system.once((tx) => keys.touch(tx, [own]))).toBe(1);
  });
});

describe('a new tenant', () => {
  const create = (slug: string, change: object = {}) =>
    parts.get(CreateTenant).execute(platformCaller, {
      name: 'Acme',
      slug,
      owner: { email: parseAddrSpec('Ada@Acme.example')!, name: 'Ada' },
      ...change,
    });

  it('can send at once: owner, sandbox domain, mailbox, two keys, one event', async () => {
    await parts.takeEvents();
    const made = await create('acme');
    expect(made).toMatchObject({
      tenant: { object: 'tenant', name: 'Acme', slug: 'acme', status: 'active' },
      owner: { object: 'user', email: 'Ada@Acme.example', name: 'Ada', role: 'owner' },
      domain: { name: 'acme.sandbox.test', status: 'verified' },
      mailbox: { address: 'hello@acme.sandbox.test', status: 'active' },
    });
    expect(made.api_keys.map(({ mode }) => mode)).toEqual(['live', 'test']);
    for (const { key, mode } of made.api_keys)
      expect(await parts.get(ResolveKey).execute(made.tenant.id, sha256(key!))).toMatchObject({
        mode,
        user_id: made.owner.id,
      });
    const [created, ...more] = await parts.takeEvents();
    expect(more).toEqual([]);
    expect(created).toMatchObject({
      type: 'penguinmails.tenant.created.v1',
      tenant_id: made.tenant.id,
      key: made.tenant.id,
      data: {
        tenant_id: made.tenant.id,
        owner_user_id: made.owner.id,
        plan_code: 'standard',
        price_per_thousand: 100,
        currency: 'USD',
      },
    });
    const audit = await parts.rows<Record<string, unknown>>(
      'SELECT tenant_id, actor_kind, action FROM audit_log WHERE subject_id = $1',
      [made.tenant.id],
    );
    expect(audit).toEqual([
      { tenant_id: PLATFORM_TENANT_ID, actor_kind: 'platform_key', action: 'tenant.created' },
    ]);
  });

  it('needs a slug of its own; a refusal leaves nothing behind', async () => {
    await create('only-one');
    const count = async (): Promise<unknown> =>
      parts.rows('SELECT count(*) FROM users UNION ALL SELECT count(*) FROM api_keys');
    const before = await count();
    await parts.takeEvents();
    expect(await problemOf(create('only-one'))).toEqual({ status: 409, code: 'slug_taken' });
    expect(await count()).toEqual(before);
    expect(await parts.takeEvents()).toEqual([]);
  });

  it('is made once per Idempotency-Key; the replay has no secrets', async () => {
    const idempotency = newClaim('/v1/admin/tenants');
    await reserve(idempotency, PLATFORM_TENANT_ID);
    const made = await create('replayed', { idempotency });
    const replay = await reserve(idempotency, PLATFORM_TENANT_ID);
    expect(replay).toEqual({
      state: 'done',
      status: 201,
      response: { ...made, api_keys: made.api_keys.map((key) => ({ ...key, key: null })) },
    });
    const lost = create('lost', { idempotency: { ...idempotency, holder: 'late' } });
    expect(await problemOf(lost)).toMatchObject({ code: 'idempotency_holder_lost' });
    expect(await parts.rows(`SELECT id FROM tenants WHERE slug = 'lost'`)).toEqual([]);
  });
});

describe('the bootstrap of the platform', () => {
  const bootstrap = (replace: boolean): Promise<string | null> =>
    new BootstrapPlatform(
      parts.get(TenantDatabase),
      parts.get(TenantRepository),
      parts.get(ApiKeyRepository),
      parts.get(AuditRepository),
    ).execute({ replace });
  const resolve = (key: string) => parts.get(ResolveKey).execute(PLATFORM_TENANT_ID, sha256(key));

  it('makes one key however many run at once, and replaces it on demand', async () => {
    const made = await Promise.all([bootstrap(false), bootstrap(false), bootstrap(false)]);
    const [first, ...more] = made.filter((key) => key !== null);
    expect(more).toEqual([]);
    expect(await resolve(first)).toMatchObject({ kind: 'platform', mode: 'live', user_id: null });
    expect(await bootstrap(false)).toBeNull();
    const second = await bootstrap(true);
    expect(await resolve(second!)).toMatchObject({ kind: 'platform' });
    expect(await problemOf(resolve(first))).toMatchObject({ code: 'key_unknown' });
  });
});

describe('transports of mailboxes', () => {
  const read = async (of: TestTenant, mailboxIds: string[], names: [string, string][]) =>
    parts.get(ReadTransports).execute(
      [await grantFor(of.id, { mailboxIds })],
      names.map(([tenantId, mailboxId]) => ({ tenantId, mailboxId })),
    );
  const setServer = (of: TestTenant, secret: Buffer): Promise<unknown> =>
    parts.admin.query(
      `UPDATE mailboxes SET smtp_host = 'smtp.acme.example', smtp_port = 587,
         smtp_security = 'starttls', smtp_username = 'acme', secret_encrypted = $2 WHERE id = $1`,
      [of.mailboxId, secret],
    );

  it('are told for what a grant names, with the password in clear', async () => {
    const [plain, served] = [await parts.newTenant(), await parts.newTenant()];
    const owner = { tenantId: served.id, id: served.mailboxId };
    await setServer(served, parts.get(SecretBox).seal(owner, 'pa55'));
    expect(await read(plain, [plain.mailboxId], [[plain.id, plain.mailboxId]])).toEqual([
      {
        tenant_id: plain.id,
        id: plain.mailboxId,
        smtp: null,
        unknown_outcome_policy: 'retry_once',
        status: 'active',
        dkim: null,
      },
    ]);
    const [transport] = await read(served, [served.mailboxId], [[served.id, served.mailboxId]]);
    expect(transport.smtp).toEqual({
      host: 'smtp.acme.example',
      port: 587,
      security: 'starttls',
      username: 'acme',
      password: 'pa55',
    });
    const stored = await parts.rows<{ text: string }>('SELECT m::text AS text FROM mailboxes m');
    expect(stored.map(({ text }) => text).join()).not.toContain('pa55');
  });

  it('are not told without a grant, or for a foreign mailbox in a grant', async () => {
    expect(await read(tenant, [], [[tenant.id, tenant.mailboxId]])).toEqual([]);
    expect(await read(tenant, [other.mailboxId], [[tenant.id, other.mailboxId]])).toEqual([]);
    expect(await read(tenant, [other.mailboxId], [[other.id, other.mailboxId]])).toEqual([]);
    const swapped = await grantOver({
      [tenant.id]: { mailboxIds: [other.mailboxId] },
      [other.id]: { mailboxIds: [tenant.mailboxId] },
    });
    const names = [tenant, other].map(({ id, mailboxId }) => ({ tenantId: id, mailboxId }));
    expect(await parts.get(ReadTransports).execute([swapped], names)).toEqual([]);
  });

  it('are told for all tenants of one grant', async () => {
    const grant = await grantOver({
      [tenant.id]: { mailboxIds: [tenant.mailboxId] },
      [other.id]: { mailboxIds: [other.mailboxId] },
    });
    const names = [tenant, other].map(({ id, mailboxId }) => ({ tenantId: id, mailboxId }));
    const told = await parts.get(ReadTransports).execute([grant], names);
    expect(told.map(({ id }) => id)).toEqual([tenant.mailboxId, other.mailboxId]);
  });

  it('are left out when the password belongs to another row', async () => {
    const broken = await parts.newTenant();
    const elsewhere = { tenantId: tenant.id, id: tenant.mailboxId };
    await setServer(broken, parts.get(SecretBox).seal(elsewhere, 'pa55'));
    await parts.takeEvents();
    expect(await read(broken, [broken.mailboxId], [[broken.id, broken.mailboxId]])).toEqual([]);
    const [alarm] = await parts.takeEvents();
    expect(alarm).toMatchObject({
      type: 'penguinmails.system.event_raised.v1',
      data: { event_type: 'mailbox_secret_unreadable', subject_id: broken.mailboxId },
    });
  });
});
