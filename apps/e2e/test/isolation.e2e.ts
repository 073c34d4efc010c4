import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newEmailId } from '@penguinmails/contracts';
import { eventually } from '@penguinmails/testing';
import pg from 'pg';
import type { Answer } from './support/api.js';
import { platform } from './support/api.js';
import { fill, type Operation, readOperations } from './support/operations.js';
import { recorded, RecordingApi } from './support/recording-api.js';
import { readStack } from './support/stack.js';
import { address, Tenant } from './support/tenant.js';
import { TenantRows } from './support/tenant-rows.js';

/** What a tenant has that another one could ask for. */
interface Belongings {
  readonly tenant: Tenant;
  readonly mark: string;
  readonly ids: Readonly<Record<'email' | 'scheduled' | 'attachment' | 'notification', string>>;
}

/** Bodies of routes that want one. */
const BODIES: Readonly<Record<string, unknown>> = { markNotification: { is_read: true } };

/** Per route with ids: the ids that stand for something of the other tenant. */
const probes: Readonly<Record<string, (ids: Belongings['ids']) => Record<string, string>[]>> = {
  getEmail: ({ email, scheduled }) => [{ id: email }, { id: scheduled }],
  getEmailContent: ({ email }) => [{ id: email }],
  getEmailAttachment: ({ email, attachment }) => [{ id: email, attachment_id: attachment }],
  cancelEmail: ({ email, scheduled }) => [{ id: email }, { id: scheduled }],
  getJob: ({ email, scheduled }) => [{ id: email }, { id: scheduled }],
  cancelJob: ({ email, scheduled }) => [{ id: email }, { id: scheduled }],
  retryJob: ({ email, scheduled }) => [{ id: email }, { id: scheduled }],
  markNotification: ({ notification }) => [{ id: notification }],
};

async function settle(mark: string): Promise<Belongings> {
  const tenant = await Tenant.create();
  const attachments = [{ filename: `${mark}.txt`, content: Buffer.from(mark).toString('base64') }];
  const sent = await tenant.send({ subject: mark, text: mark, attachments });
  const scheduled_at = new Date(Date.now() + 3_600_000).toISOString();
  const scheduled = await tenant.send({ subject: mark, to: address(mark), scheduled_at });
  await tenant.untilStatus(sent.id, 'delivered');
  const [notification] = await eventually(async () => {
    const { body } = await tenant.live.get<{ data: { id: string }[] }>('/v1/notifications');
    return body.data.length > 0 && body.data;
  });
  await eventually(async () => {
    expect((await tenant.live.get(`/v1/jobs/${scheduled.id}`)).status).toBe(200);
  });
  const content = await tenant.live.get<{ attachments: { id: string }[] }>(
    `/v1/emails/${sent.id}/content`,
  );
  const [{ id: attachment }] = content.body.attachments;
  const ids = { email: sent.id, scheduled: scheduled.id, attachment };
  return { tenant, mark, ids: { ...ids, notification: notification.id } };
}

describe('two tenants', () => {
  let a: Belongings;
  let b: Belongings;
  let operations: Operation[];
  let rows: TenantRows;
  let before: Record<string, number>;

  beforeAll(async () => {
    rows = await TenantRows.open();
    [a, b] = await Promise.all([settle('mark-of-a'), settle('mark-of-b')]);
    operations = await readOperations();
    before = await rows.count(b.tenant.id);
  });
  afterAll(() => rows.close());

  const keysOfA = () => [a.tenant.live.key, a.tenant.test.key].map((key) => new RecordingApi(key));
  /** Of tenants: the routes of operators are closed to them, whatever the id. */
  const withIds = () =>
    operations.filter(({ parameters, key }) => parameters.length > 0 && key === 'tenant_key');

  it('every route with an id is probed', () => {
    const routes = withIds().map(({ id }) => id);
    expect(routes.filter((id) => !probes[id])).toEqual([]);
    expect(routes.length).toBeGreaterThanOrEqual(6);
  });

  it('a foreign id is answered like one that nobody has, to the byte', async () => {
    for (const operation of withIds())
      for (const foreign of probes[operation.id](b.ids)) {
        const unknown = Object.fromEntries(Object.keys(foreign).map((k) => [k, newEmailId()]));
        for (const api of keysOfA()) {
          const [theirs, nobodys] = [
            await ask(api, operation, foreign),
            await ask(api, operation, unknown),
          ];
          expect([operation.id, theirs.status]).toEqual([operation.id, 404]);
          expect(blurred(theirs)).toEqual(blurred(nobodys));
        }
      }
  });

  it('an own id does not open what stands below it of another', async () => {
    const operation = operations.find(({ id }) => id === 'getEmailAttachment') as Operation;
    for (const [id, attachment_id] of [
      [a.ids.email, b.ids.attachment],
      [b.ids.email, a.ids.attachment],
      [a.ids.scheduled, a.ids.attachment],
    ]) {
      const answer = await ask(keysOfA()[0], operation, { id, attachment_id });
      expect(answer.status).toBe(404);
    }
  });

  it('lists, counts and bills show nothing of another', async () => {
    const open = operations.filter(
      ({ method, parameters, key }) =>
        method === 'GET' && parameters.length === 0 && key === 'tenant_key',
    );
    expect(open.length).toBeGreaterThanOrEqual(4);
    for (const { path } of open)
      for (const api of keysOfA()) {
        const { status, bytes } = await api.get(path);
        const text = bytes.toString();
        expect([path, status]).toEqual([path, 200]);
        for (const secret of [b.mark, b.tenant.id, b.tenant.from, ...Object.values(b.ids)])
          expect(text).not.toContain(secret);
      }
  });

  it('routes of operators refuse the keys of tenants', async () => {
    const closed = operations.filter(({ key }) => key === 'platform_key');
    expect(closed.length).toBeGreaterThanOrEqual(3);
    for (const operation of closed)
      for (const api of keysOfA()) {
        const answer = await ask(api, operation, {});
        expect([operation.id, answer.status]).toEqual([operation.id, 403]);
      }
  });

  it('no route but the open ones answers without a key', async () => {
    const nobody = new RecordingApi(undefined);
    const ids = { id: b.ids.email, attachment_id: b.ids.attachment };
    for (const operation of operations.filter(({ key }) => key !== undefined)) {
      const answer = await ask(nobody, operation, ids);
      expect([operation.id, answer.status]).toEqual([operation.id, 401]);
    }
  });

  it('the same Idempotency-Key is another one in the hands of another', async () => {
    const headers = { 'idempotency-key': 'shared' };
    const [x, y] = await Promise.all([Tenant.create(), Tenant.create()]);
    const first = await x.live.post('/v1/emails', x.message(), headers);
    const second = await y.live.post('/v1/emails', y.message({ text: 'other' }), headers);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body.id).not.toBe(first.body.id);
    expect(second.headers.get('idempotent-replayed')).toBeNull();
  });

  it('a cursor is its owner’s', async () => {
    const page = await b.tenant.live.get('/v1/emails?limit=1');
    const cursor = encodeURIComponent(String(page.body.next_cursor));
    for (const path of [`/v1/emails?after=${cursor}`, `/v1/emails?before=${cursor}`])
      expect((await keysOfA()[0].get(path)).body.code).toBe('invalid_cursor');
    const own = await b.tenant.live.get(`/v1/notifications?after=${cursor}`);
    expect(own.body.code).toBe('invalid_cursor');
  });

  it('nothing of the other has changed by all this', async () => {
    expect(await rows.count(b.tenant.id)).toEqual(before);
    expect((await b.tenant.email(b.ids.scheduled)).status).toBe('scheduled');
    const unread = await b.tenant.live.get('/v1/notifications/unread-count');
    expect(unread.body.count).toBe(1);
  });

  it('no answer holds a storage key, not even one’s own', async () => {
    const own = new RecordingApi(b.tenant.live.key);
    for (const operation of operations.filter(({ key }) => key !== 'platform_key')) {
      const filled = probes[operation.id]?.(b.ids) ?? [{}];
      for (const ids of filled) await ask(own, operation, ids);
    }
    await own.get(`/v1/emails/${b.ids.email}?include=content,attempts`);
    await own.post('/v1/emails', b.tenant.message());
    const seenByTenants = recorded.join('\n');
    expect(seenByTenants).toContain(b.mark);
    expect(seenByTenants).not.toContain('cnt_');
    // An operator is told which content is missing or corrupted; nothing is wrong with this tenant's.
    const operators = new RecordingApi(platform().key);
    for (const path of ['health', 'system-events', 'parked-events'])
      await operators.get(`/v1/admin/${path}`);
    const all = recorded.join('\n');
    for (const key of await storageKeysOf(b.tenant.id))
      expect(all).not.toContain(key.replace('cnt_', ''));
  });
});

function ask(
  api: RecordingApi,
  { id, method, path }: Operation,
  ids: Readonly<Record<string, string>>,
): Promise<Answer> {
  return api.call(method, fill(path, ids), { body: BODIES[id] });
}

/** An answer without what differs from one request to the next: its ids and its date. */
function blurred({ headers, bytes }: Answer): unknown {
  const changing = ['date', 'x-request-id', 'connection', 'keep-alive'];
  const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
  return {
    headers: [...headers].filter(([name]) => !changing.includes(name)),
    body: bytes.toString().replaceAll(UUID, 'an id'),
  };
}

async function storageKeysOf(tenantId: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: readStack().databases.content.admin_url });
  await client.connect();
  const text = 'SELECT storage_key FROM content_objects WHERE tenant_id = $1';
  const { rows } = await client.query<{ storage_key: string }>(text, [tenantId]);
  await client.end();
  expect(rows.length).toBeGreaterThan(0);
  return rows.map(({ storage_key }) => storage_key);
}
