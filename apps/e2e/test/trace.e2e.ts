import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@penguinmails/contracts';
import { collectEvents, type EventCollector, eventually } from '@penguinmails/testing';
import { anonymous, platform } from './support/api.js';
import { copiesTo, open } from './support/inbox.js';
import { readSpans, readSpanText, type Span } from './support/spans.js';
import { dataDirectory, readStack } from './support/stack.js';
import { Tenant } from './support/tenant.js';

/** olap takes in four events of an e-mail (accepted, queued, sent, delivered), several in a slice. */
const LAST = 'consumer.slice';
/** The others that take in events of an e-mail, in their own time. */
const CONSUMERS = ['content', 'oltp', 'queue', 'notifications'];
const eventsIn = ({ attributes }: Span) => Number(attributes['messaging.batch.message_count']);
const EXPORTED = { timeoutMs: 180_000, intervalMs: 200 };

describe('one send', () => {
  let trace: readonly Span[];
  const seams = (service: string) =>
    trace
      .filter((span) => span.service === service)
      .map(({ attributes }) => attributes['penguinmails.seam']);

  beforeAll(async () => {
    const tenant = await Tenant.create();
    const { id } = await tenant.send({ attachments: [{ filename: 'a.txt', content: 'YQ==' }] });
    await tenant.untilStatus(id, 'delivered');
    // Each process exports in its own time: complete once the last consumer has told, with all parents.
    trace = await eventually(() => {
      const spans = readSpans();
      const send = spans.find(({ attributes }) => attributes['job.id'] === id);
      const own = spans.filter(({ traceId }) => traceId === send?.traceId);
      const slices = own.filter(({ name }) => name === LAST);
      const counted = slices.filter(({ service }) => service === 'olap');
      const taken = counted.reduce((sum, slice) => sum + eventsIn(slice), 0);
      const haveTold = CONSUMERS.every((name) => slices.some(({ service }) => service === name));
      return taken >= 4 && haveTold && rootsOf(own).length === 1 && own;
    }, EXPORTED);
  });

  it('is one trace through all seven processes', () => {
    const services = new Set(trace.map(({ service }) => service));
    const all = ['gateway', 'content', 'oltp', 'queue', 'worker', 'olap', 'notifications'];
    expect([...services].sort()).toEqual(all.sort());
  });

  it('has a span at every seam it passes', () => {
    expect(seams('gateway')).toEqual(expect.arrayContaining(['http.server', 'tier.call']));
    expect(seams('content')).toEqual(
      expect.arrayContaining(['http.server', 'db.transaction', 'consumer.slice']),
    );
    const tier = ['http.server', 'db.transaction', 'outbox.write', 'outbox.relay'];
    expect(seams('oltp')).toEqual(expect.arrayContaining([...tier, 'consumer.slice']));
    expect(seams('queue')).toEqual(expect.arrayContaining([...tier, 'consumer.slice']));
    expect(seams('worker')).toEqual(
      expect.arrayContaining(['job.begin', 'job.send', 'job.finish', 'tier.call']),
    );
  });

  it('hangs together: one root, and every other span has its parent here', () => {
    const roots = rootsOf(trace).map(({ service, name }) => [service, name]);
    expect(roots).toEqual([['gateway', 'POST /v1/emails']]);
  });
});

describe('what is personal', () => {
  const mark = `canary${randomBytes(8).toString('hex')}`;
  let tenant: Tenant;
  let ids: string[];
  let events: EventCollector;

  /** Sends the mark through every field, every outcome and many refusals. */
  beforeAll(async () => {
    const { brokers } = readStack().kafka;
    const names = topics.map(({ name }) => name);
    events = await collectEvents(brokers.split(','), names);
    tenant = await Tenant.create();
    ids = await sendEverything(tenant, mark);
    await refuseEverything(tenant, mark);
    await readEverything(tenant, ids);
    await events.waitFor(
      ({ type, subject }) => type.endsWith('email.delivered.v1') && subject === ids[0],
    );
  });
  afterAll(() => events.stop());

  const secrets = () => [mark, tenant.live.key ?? '', (tenant.live.key ?? '').slice(-43)];
  const expectClean = (where: string, text: string) => {
    const found = secrets().filter((secret) => text.includes(secret));
    expect([where, found]).toEqual([where, []]);
  };

  it('is in the message, so that not finding it elsewhere means something', async () => {
    const [copy] = await copiesTo(`${mark}@receiver.test`);
    const mail = await open(copy);
    expect([mail.subject, mail.text?.trim(), mail.attachments[0].filename]).toEqual([
      `${mark} subject`,
      `${mark} text`,
      `${mark}.txt`,
    ]);
  });

  it('is in no log', () => {
    const directory = join(dataDirectory, 'logs');
    const files = readdirSync(directory);
    expect(files.length).toBeGreaterThanOrEqual(14);
    for (const file of files) expectClean(file, readFileSync(join(directory, file), 'utf8'));
  });

  it('is in no metric', async () => {
    for (const [app, { metrics_url }] of Object.entries(readStack().processes)) {
      const page = await (await fetch(`${metrics_url}/metrics`)).text();
      expect([app, page.includes('# TYPE')]).toEqual([app, true]);
      expectClean(app, page);
      expectClean(app, await (await fetch(`${metrics_url}/readyz`)).text());
    }
  });

  it('is in no event', () => {
    for (const id of ids) expect(events.events.some(({ subject }) => subject === id)).toBe(true);
    expectClean('Kafka', JSON.stringify(events.events));
  });

  it('is in no span', async () => {
    const spans = await eventually(() => {
      const text = readSpanText();
      return ids.slice(0, 3).every((id) => text.includes(id)) && text;
    }, EXPORTED);
    expectClean('spans', spans);
  });
});

/** Spans whose parent is not among them. */
function rootsOf(spans: readonly Span[]): Span[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return spans.filter(({ parentSpanId }) => !parentSpanId || !ids.has(parentSpanId));
}

async function sendEverything(tenant: Tenant, mark: string): Promise<string[]> {
  const content = Buffer.from(`${mark} file`).toString('base64');
  const message = {
    subject: `${mark} subject`,
    text: `${mark} text`,
    html: `<p>${mark} html</p>`,
    reply_to: `reply-${mark}@receiver.test`,
    headers: { 'X-Canary': `${mark} header` },
    tags: [{ name: mark, value: mark }],
    attachments: [{ filename: `${mark}.txt`, content, content_id: mark }],
  };
  const outcomes = [
    [mark, 'delivered'],
    [`bounced+${mark}`, 'bounced'],
    [`cut+${mark}`, 'unknown'],
    [`deferred+${mark}`, 'deferred'],
  ];
  const ids: string[] = [];
  for (const [local, status] of outcomes) {
    const { id } = await tenant.send({ ...message, to: `${local}@receiver.test` });
    await tenant.untilStatus(id, status);
    ids.push(id);
  }
  const again = await tenant.send({ ...message, to: `bounced+${mark}@receiver.test` });
  expect(again.status).toBe('suppressed');
  return [...ids, again.id];
}

async function refuseEverything(tenant: Tenant, mark: string): Promise<void> {
  const { live, from } = tenant;
  const good = tenant.message();
  const bodies: unknown[] = [
    `{"to": "${mark}`,
    `{"__proto__": {"${mark}": 1}}`,
    { ...good, to: `${mark}, ${mark}@receiver.test` },
    { ...good, [mark]: mark },
    { ...good, from: `${mark}@elsewhere.test` },
    { ...good, headers: { [`Bcc-${mark}`]: mark } },
    { ...good, scheduled_at: mark },
  ];
  const statuses: number[] = [];
  for (const body of bodies)
    statuses.push((await live.post('/v1/emails', body, { 'x-request-id': mark })).status);
  statuses.push((await live.post('/v1/emails', good, { 'idempotency-key': `${mark} x` })).status);
  for (const path of [`/v1/emails/${mark}`, `/v1/${mark}`, `/v1/emails?q=${mark}`])
    statuses.push((await live.get(path)).status);
  statuses.push((await anonymous.get(`/v1/emails?api_key=${live.key}`)).status);
  statuses.push((await live.get(`/v1/emails?after=${mark}`)).status);
  const owner = { email: `${mark}@receiver.test`, name: mark };
  const slug = from.split('@')[1].split('.')[0];
  for (const body of [
    { name: mark, slug, owner },
    { name: mark, slug: mark, owner, [mark]: 1 },
  ])
    statuses.push((await platform().post('/v1/admin/tenants', body)).status);
  expect(statuses.filter((status) => status < 400 || status >= 500)).toEqual([]);
}

async function readEverything({ live }: Tenant, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    expect((await live.get(`/v1/emails/${id}?include=content,attempts`)).status).toBe(200);
    const { body } = await live.get<{ attachments: { id: string }[] }>(`/v1/emails/${id}/content`);
    const file = `/v1/emails/${id}/attachments/${body.attachments[0].id}`;
    expect((await live.get(file)).status).toBe(200);
  }
}
