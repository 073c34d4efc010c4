import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newEmailId, newId, newStorageKey, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import {
  collectEvents,
  type EventCollector,
  eventually,
  produceEvents,
  type TestEvent,
  testBrokers,
} from '@penguinmails/testing';
import type { TenantFoundation } from '../../src/tenant/tenant-resource.js';
import { badRequests } from './bad-requests.js';
import { grantFor } from '../integration/oltp-parts.js';
import { OltpService, platformToken, serviceToken, tenantToken } from './oltp-service.js';

interface ProblemBody {
  code: string;
  errors?: { pointer?: string; parameter?: string; code: string }[];
}
interface EmailBody {
  id: string;
  status: string;
  message_id: string;
}

let oltp: OltpService;
let collector: EventCollector;
let tenant: TenantFoundation;
let token: string;

beforeAll(async () => {
  oltp = await OltpService.start(testBrokers().join(','));
  collector = await collectEvents(testBrokers(), [
    'penguinmails.internal.oltp.emails.v1',
    'penguinmails.internal.oltp.references.v1',
    'penguinmails.public.email.events.v1',
    'penguinmails.public.tenant.events.v1',
  ]);
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
}, 300_000);
afterAll(async () => {
  await collector.stop();
  await oltp.stop();
});

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
const bodyOf = (path: string, change: object): object =>
  path === '/emails' ? emailBody(change) : { name: 'n', mode: 'live', ...change };
const accept = async (change: object = {}): Promise<string> => {
  const answer = await oltp.request<EmailBody>('POST', '/emails', token, emailBody(change));
  expect(answer).toMatchObject({ status: 202, body: { status: expect.any(String) } });
  return answer.body.id;
};
const published = (type: string, id: string) =>
  collector.waitFor((e) => e.type === `penguinmails.${type}.v1` && e.key === id);

describe('the life of an e-mail over HTTP and Kafka', () => {
  it('goes from acceptance by begin and outcome to delivered', async () => {
    const created = await published('tenant.created', tenant.tenant.id);
    expect(created.data).toMatchObject({ owner_user_id: tenant.owner.id });
    const id = await accept();
    const accepted = await published('email.accepted', id);
    expect(accepted.headers.ce_tenantid).toBe(tenant.tenant.id);
    expect(accepted.topic).toBe('penguinmails.internal.oltp.emails.v1');
    await published('email.queued', id);

    const begun = await oltp.request<{ items: { decision: string; envelope: object }[] }>(
      'POST',
      '/attempts:begin',
      await serviceToken('worker'),
      {
        grants: [await grantFor(tenant.tenant.id, { jobIds: [id] })],
        items: [{ tenant_id: tenant.tenant.id, email_id: id, attempt: 1 }],
      },
    );
    expect(begun.status).toBe(200);
    expect(begun.body.items[0]).toMatchObject({
      decision: 'send',
      envelope: { to: 'grace@customer.example', from: { address: tenant.mailbox.address } },
    });
    await published('email.sent', id);

    const recorded: TestEvent<'penguinmails.delivery.recorded.v1'> = {
      type: 'penguinmails.delivery.recorded.v1',
      tenantId: tenant.tenant.id,
      subject: tenant.tenant.id,
      id: newId(),
      data: {
        items: [
          {
            email_id: id,
            attempt: 1,
            class: 'delivered',
            final: true,
            code: 250,
            enhanced_code: null,
            error_code: null,
            occurred_at: new Date().toISOString(),
          },
        ],
      },
    };
    // Twice, as Kafka may deliver it.
    await produceEvents(testBrokers(), [recorded, recorded]);
    const delivered = await published('email.delivered', id);
    expect(delivered.headers.ce_causationid).toBe(recorded.id);
    const read = await oltp.request<{ email: EmailBody }>('GET', `/emails/${id}`, token);
    expect(read.body.email.status).toBe('delivered');
    // By their ids: the relay sends again what no broker confirmed.
    const told = collector.events.filter(({ key, type }) => key === id && type.includes('.email.'));
    expect(new Set(told.map((event) => event.id)).size).toBe(4);
  });

  it('answers content about its keys', async () => {
    const key = newStorageKey();
    await accept({ storage_key: key });
    await produceEvents(testBrokers(), [
      {
        type: 'penguinmails.content.references_asked.v1',
        tenantId: tenant.tenant.id,
        subject: key,
        data: { keys: [key] },
      },
    ]);
    const answer = await collector.waitFor(
      ({ type, subject }) => type.includes('references_answered') && subject === key,
    );
    expect(answer.data).toEqual({ held: [key], denied: [] });
  });

  it('is cancelled once, and listed', async () => {
    const id = await accept();
    const cancelled = await oltp.request<EmailBody>('POST', `/emails/${id}/cancel`, token);
    expect(cancelled).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    await published('email.withdrawn', id);
    const again = await oltp.request<ProblemBody>('POST', `/emails/${id}/cancel`, token);
    expect(again).toMatchObject({ status: 409, body: { code: 'email_not_cancellable' } });
    const list = await oltp.request<{ data: EmailBody[]; has_more: boolean }>(
      'GET',
      '/emails?limit=1&status=cancelled',
      token,
    );
    expect(list).toMatchObject({ status: 200, body: { data: [{ id }], has_more: false } });
  });
});

describe('keys and idempotency over HTTP', () => {
  it('resolves a key for the gateway and for nobody else', async () => {
    const [{ key }] = tenant.api_keys;
    const body = {
      tenant_id: tenant.tenant.id,
      key_sha256: createHash('sha256').update(key!).digest('hex'),
    };
    const gateway = await serviceToken('gateway');
    const found = await oltp.request('POST', '/keys:resolve', gateway, body);
    expect(found).toMatchObject({
      status: 200,
      body: { kind: 'tenant', mode: 'live', user_id: tenant.owner.id, tenant_status: 'active' },
    });
    const unknown = await oltp.request<ProblemBody>('POST', '/keys:resolve', gateway, {
      ...body,
      key_sha256: '0'.repeat(64),
    });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'key_unknown' } });
    for (const other of [await serviceToken('worker'), token])
      expect((await oltp.request('POST', '/keys:resolve', other, body)).status).toBe(403);
    await eventually(async () => {
      const [row] = await oltp.rows<{ used: boolean }>(
        `SELECT last_used_at IS NOT NULL AS used FROM api_keys WHERE tenant_id = $1 AND mode = 'live'`,
        [tenant.tenant.id],
      );
      return row.used;
    });
  });

  it('reserves, completes, replays and releases', async () => {
    const route = { method: 'POST', route: '/v1/emails', holder: newId() };
    const reserveFor = (asked: typeof route & { key: string }) =>
      oltp.request('POST', '/idempotency:reserve', token, { ...asked, fingerprint: 'f' });
    // Again only if 10 s may have gone by between the two: then the second one takes over.
    const { claim, first, second } = await eventually(async () => {
      const made = { ...route, key: newId() };
      const began = performance.now();
      const answers = {
        first: await reserveFor(made),
        second: await reserveFor({ ...made, holder: 'b' }),
      };
      const inTime = performance.now() - began < 10_000;
      return (inTime || answers.second.body.state === 'in_progress') && { claim: made, ...answers };
    });
    expect(first).toMatchObject({ status: 200, body: { state: 'reserved' } });
    expect(second.body).toEqual({ state: 'in_progress' });
    const reserve = (holder: string) => reserveFor({ ...claim, holder });
    const release = await oltp.request('POST', '/idempotency:release', token, claim);
    expect(release.status).toBe(204);
    expect((await reserve('b')).body).toEqual({ state: 'reserved' });
    const lost = await oltp.request<ProblemBody>(
      'POST',
      '/emails',
      token,
      emailBody({ idempotency: claim }),
    );
    expect(lost).toMatchObject({ status: 409, body: { code: 'idempotency_holder_lost' } });
    const id = await accept({ idempotency: { ...claim, holder: 'b' } });
    expect((await reserve('c')).body).toMatchObject({
      state: 'done',
      status: 202,
      response: { object: 'email', id },
    });
  });

  it('makes a key and shows it once', async () => {
    const made = await oltp.request<{ key: string }>('POST', '/api-keys', token, {
      name: 'CI',
      mode: 'test',
    });
    expect(made).toMatchObject({ status: 201, body: { mode: 'test', expires_at: null } });
    expect(made.body.key).toMatch(/^pm_test_[A-Za-z0-9_-]{66}$/);
  });

  it('tells a worker the transport of a granted mailbox', async () => {
    const pair = { tenant_id: tenant.tenant.id, mailbox_id: tenant.mailbox.id };
    const ask = async (who: string, mailboxIds: string[]) =>
      oltp.request<{ mailboxes: object[] }>('POST', '/mailboxes:transport', who, {
        grants: [await grantFor(tenant.tenant.id, { mailboxIds })],
        items: [pair],
      });
    const worker = await serviceToken('worker');
    const granted = await ask(worker, [tenant.mailbox.id]);
    expect(granted.body.mailboxes).toMatchObject([{ id: tenant.mailbox.id, smtp: null }]);
    expect((await ask(worker, [])).body).toEqual({ mailboxes: [] });
    expect((await ask(token, [tenant.mailbox.id])).status).toBe(403);
  });

  it('reports its health to the gateway', async () => {
    // Its database has a second to answer.
    await eventually(async () => {
      const health = await oltp.request('GET', '/health', await serviceToken('gateway'));
      expect(health).toMatchObject({
        status: 200,
        body: {
          tier: 'oltp',
          database: { reachable: true, pool: { max: expect.any(Number) } },
          outbox: { depth: expect.any(Number) },
          consumer: { state: expect.any(String) },
        },
      });
    });
  });
});

describe('bad input', () => {
  it.each(badRequests)(
    '%s is refused and stores nothing',
    async (_name, path, change, code, pointers) => {
      const count = async (): Promise<unknown> =>
        oltp.rows(
          `SELECT (SELECT count(*) FROM emails) AS emails, (SELECT count(*) FROM api_keys) AS keys,
           (SELECT count(*) FROM idempotency_keys) AS idempotency`,
        );
      const before = await count();
      const answer = await oltp.request<ProblemBody>('POST', path, token, bodyOf(path, change));
      expect(answer).toMatchObject({ status: 422, body: { code } });
      expect(answer.contentType).toContain('application/problem+json');
      const named = new Set(answer.body.errors?.map(({ pointer }) => pointer));
      expect([...named]).toEqual(pointers);
      expect(await count()).toEqual(before);
    },
  );

  it.each([
    ['half a keyset', '/emails?after_id=00000000-0000-7000-8000-000000000000'],
    ['an unknown parameter', '/emails?tenant_id=1'],
    ['an unknown status', '/emails?status=lost'],
    ['no limit', '/emails?limit=0'],
  ])('a query with %s is refused', async (_name, path) => {
    const answer = await oltp.request<ProblemBody>('GET', path, token);
    expect(answer.status).toBe(400);
  });

  it('an id of nobody, of another tenant and no id at all answer alike', async () => {
    const id = await accept();
    const stranger = await tenantToken(newId());
    const answers = await Promise.all([
      oltp.request<ProblemBody>('GET', `/emails/${id}`, stranger),
      oltp.request<ProblemBody>('GET', `/emails/${newEmailId()}`, token),
      oltp.request<ProblemBody>('GET', `/emails/nonsense`, token),
    ]);
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('no token, a token without the scope and a key of the wrong kind get nothing', async () => {
    const readOnly = await tenantToken(tenant.tenant.id, ['emails:read']);
    const worker = await serviceToken('worker');
    const asks: [string, string, string | undefined, number][] = [
      ['POST', '/emails', undefined, 401],
      ['POST', '/emails', readOnly, 403],
      ['POST', '/emails', worker, 403],
      ['POST', '/tenants', token, 403],
      ['POST', '/attempts:begin', token, 403],
      ['POST', '/attempts:begin', await serviceToken('gateway'), 403],
      ['GET', '/health', worker, 403],
    ];
    for (const [method, path, who, status] of asks)
      expect(
        (await oltp.request(method, path, who, method === 'GET' ? undefined : {})).status,
      ).toBe(status);
  });
});

describe('when Kafka is down', () => {
  it('accepts, begins and cancels; the events wait', async () => {
    const alone = await OltpService.start();
    try {
      await alone.rows(
        `INSERT INTO tenants (id, name, slug, plan_code) VALUES ($1, 'P', 'platform', 'free')`,
        [PLATFORM_TENANT_ID],
      );
      const made = await alone.request<TenantFoundation>(
        'POST',
        '/tenants',
        await platformToken(),
        { name: 'B', slug: 'b', owner: { email: 'b@b.example', name: 'B' } },
      );
      const own = await tenantToken(made.body.tenant.id);
      const body = emailBody({ from: made.body.mailbox.address });
      const accepted = await alone.request<EmailBody>('POST', '/emails', own, body);
      expect(accepted.status).toBe(202);
      const path = `/emails/${accepted.body.id}/cancel`;
      expect((await alone.request('POST', path, own)).status).toBe(200);
      expect(await alone.rows('SELECT type FROM outbox ORDER BY seq')).toHaveLength(5);
      await eventually(async () => {
        const health = await alone.request('GET', '/health', await serviceToken('gateway'));
        expect(health.body).toMatchObject({ database: { reachable: true }, outbox: { depth: 5 } });
      });
    } finally {
      await alone.stop();
    }
  });
});

describe('the entry point bootstrap', () => {
  it('prints one line with the key, and null the second time', async () => {
    const run = async (...args: string[]): Promise<{ platform_key: string | null }> => {
      const script = new URL('../../dist/bootstrap.js', import.meta.url).pathname;
      const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], {
        env: { OLTP_DB_URL: oltp.database.appUrl, OLTP_DB_SYSTEM_URL: oltp.database.systemUrl },
        timeout: 50_000,
      });
      return JSON.parse(stdout) as { platform_key: string | null };
    };
    const { platform_key: first } = await run();
    expect(first).toMatch(/^pm_platform_[A-Za-z0-9_-]{43}$/);
    expect(await run()).toEqual({ platform_key: null });
    const { platform_key: second } = await run('--replace');
    expect(second).not.toBe(first);
  }, 180_000);
});

describe('a tenant with too much running and waiting', () => {
  it('is refused with 429 tenant_busy, and only what is too much', async () => {
    await oltp.rows('BEGIN');
    await oltp.rows('LOCK TABLE emails IN ACCESS EXCLUSIVE MODE');
    const list = () => oltp.request<ProblemBody>('GET', '/emails?limit=1', token);
    const answers = Array.from({ length: 120 }, list);
    const first = await Promise.race(answers);
    await oltp.rows('ROLLBACK');
    expect([first.status, first.body.code]).toEqual([429, 'tenant_busy']);
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    // The others were waiting, or came when the table was free again.
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(100);
  });
});
