import { randomUUID } from 'node:crypto';
import type { Operation } from './operations.ts';
import type { LiveProbe } from './probe.ts';
import { bodyOf, message, type Tenant, type World } from './world.ts';

const lists = ({ operations }: World): Operation[] =>
  operations.filter(
    ({ method, parameters, keys }) =>
      method === 'GET' && parameters.length === 0 && keys.includes('tenant_key'),
  );

/** Texts that only what belongs to the tenant can hold. */
export const secretsOf = ({ id, mark, from, mailboxId, belongings }: Tenant): string[] => [
  id,
  mark,
  from,
  mailboxId,
  ...Object.values(belongings).flat(),
];

const toldOf = (tenant: Tenant, text: string): string | undefined =>
  secretsOf(tenant).find((secret) => text.includes(secret));

async function ownOnly(world: World): Promise<string[]> {
  const findings: string[] = [];
  for (const { path } of lists(world)) {
    // B's answer is asked for in between: nothing may keep it for A.
    await world.b.client.call(path);
    const { status, text, headers } = await world.a.client.call(path);
    if (status !== 200) findings.push(`${path}: ${status}`);
    if (toldOf(world.b, text)) findings.push(`${path} tells of another tenant`);
    if (headers.get('cache-control') !== 'no-store') findings.push(`${path} may be kept`);
  }
  return findings;
}

async function filters(world: World): Promise<string[]> {
  const { a, b } = world;
  const wishes = [
    `tenant_id=${b.id}`,
    `tenantId=${b.id}`,
    `ids=${a.id},${b.id}`,
    `filter[tenant_id]=${b.id}`,
    'sort=subject',
    'order_by=tenant_id',
    'fields=tenant_id',
    'sort=created_at;DROP',
  ];
  const findings: string[] = [];
  for (const { path } of lists(world)) {
    for (const wish of wishes) {
      const { status, text } = await a.client.call(`${path}?${wish}`);
      if (status !== 400) findings.push(`${path}?${wish.split('=')[0]}: ${status}`);
      if (toldOf(b, text.replaceAll(wish, ''))) findings.push(`${path} tells of another tenant`);
    }
  }
  return findings;
}

const flipped = (cursor: string, at: number): string =>
  cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1);

/** B's cursors, B's cursors forged, and cursors of one list in another. */
async function cursors(world: World): Promise<string[]> {
  const findings: string[] = [];
  const paged = lists(world).filter(({ query }) => query.includes('after'));
  let tried = 0;
  for (const { path } of paged) {
    const { next_cursor: cursor } = bodyOf<{ next_cursor: string | null }>(
      await world.b.client.call(`${path}?limit=1`),
      200,
    );
    if (!cursor) continue;
    for (const end of ['after', 'before'])
      for (const text of [cursor, flipped(cursor, 2), flipped(cursor, 40)])
        for (const other of paged.filter(({ query }) => query.includes(end))) {
          tried += 1;
          const answer = await world.a.client.call(`${other.path}?${end}=${text}`);
          if (answer.status !== 400) findings.push(`${other.path}?${end}: ${answer.status}`);
        }
  }
  if (tried === 0) findings.push('no list gave a cursor');
  return findings;
}

const FORGED = [
  'x-tenant-id',
  'tenant-id',
  'x-tenant',
  'tenant_id',
  'x-forwarded-user',
  'x-user-id',
];

function forgedHeaders({ id }: Tenant, trace: string): Record<string, string> {
  return {
    ...Object.fromEntries(FORGED.map((name) => [name, id])),
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-host': 'tier.internal',
    'x-original-url': '/internal/emails',
    traceparent: `00-${trace}-${'b'.repeat(16)}-01`,
    baggage: `tenant_id=${id},app.current_tenant_id=${id}`,
  };
}

/** Whatever a request says of a tenant, the key decides; traces begin at the edge. */
async function forged(world: World): Promise<string[]> {
  const { a, b } = world;
  const trace = randomUUID().replaceAll('-', '');
  const headers = forgedHeaders(b, trace);
  const findings: string[] = [];
  for (const { path } of lists(world)) {
    const answer = await a.client.call(path, { headers });
    if (answer.status !== 200) findings.push(`${path}: ${answer.status}`);
    if (toldOf(b, answer.text)) findings.push(`${path} believes a header`);
    if (JSON.stringify([...answer.headers]).includes(trace)) findings.push(`${path} takes a trace`);
  }
  const made = await a.client.call('/v1/emails', { method: 'POST', headers, body: message(a) });
  if (made.status !== 202) return [...findings, `POST /v1/emails: ${made.status}`];
  const own = await a.client.call(`/v1/emails/${String(made.body?.id)}`);
  return own.status === 200 ? findings : [...findings, 'made for another'];
}

/** Every body that a route takes, with a tenant in it. */
async function namedInBodies(world: World): Promise<string[]> {
  const findings: string[] = [];
  const writing = world.operations.filter(
    ({ body, parameters, keys }) => body && parameters.length === 0 && keys.includes('tenant_key'),
  );
  for (const { method, path, body } of writing) {
    for (const field of ['tenant_id', 'tenantId', 'organization_id', '__proto__']) {
      const text = JSON.stringify({ ...body }).replace(/}$/, `,"${field}":"${world.b.id}"}`);
      const { status } = await world.a.client.call(path, { method, body: text.replace('{,', '{') });
      if (status !== 422 && status !== 400) findings.push(`${path} with ${field}: ${status}`);
    }
  }
  if (writing.length === 0) findings.push('no route takes a body');
  return findings;
}

/** Under B's address nobody else sends, and is told no more than for an address of nobody. */
async function foreignSender({ a, b }: World): Promise<string[]> {
  const post = (from: string) =>
    a.client.call('/v1/emails', { method: 'POST', body: message({ ...a, from }) });
  const theirs = await post(b.from);
  const nobodys = await post(`nobody@${randomUUID()}.example`);
  const alike = [theirs, nobodys].map(({ status, body }) => `${status} ${String(body?.code)}`);
  if (theirs.status === 202) return ['sends as another tenant'];
  return alike[0] === alike[1] ? [] : [`told apart: ${alike.join(' / ')}`];
}

async function sameIdempotencyKey({ a, b }: World): Promise<string[]> {
  const headers = { 'idempotency-key': randomUUID() };
  const first = await b.client.call('/v1/emails', { method: 'POST', headers, body: message(b) });
  const second = await a.client.call('/v1/emails', { method: 'POST', headers, body: message(a) });
  const { id } = bodyOf<{ id: string }>(second, 202);
  const replayed = second.headers.get('idempotent-replayed') !== null;
  return replayed || id === first.body?.id ? ['the answer of another tenant'] : [];
}

export const listProbes: readonly LiveProbe[] = [
  { numbers: [50, 59], name: 'lists show own things only', run: ownOnly },
  { numbers: [52], name: 'filters and sorting are the listed ones', run: filters },
  { numbers: [51], name: 'a cursor is of its tenant and list', run: cursors },
  { numbers: [69], name: 'forged headers count for nothing', run: forged },
  { numbers: [48], name: 'no body names a tenant', run: namedInBodies },
  { numbers: [49], name: 'nobody sends under another address', run: foreignSender },
  { numbers: [58], name: 'an Idempotency-Key is per tenant', run: sameIdempotencyKey },
];
