import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import type { Answer, ProblemBody } from './support/api.js';
import { copiesTo, open } from './support/inbox.js';
import { address, type Email, Tenant } from './support/tenant.js';

const SOON = { timeoutMs: 180_000, intervalMs: 50 };
const PDF = Buffer.from('%PDF-1.7\n\0\x01\xff not text\n', 'latin1');

interface Notified {
  readonly id: string;
  readonly type: string;
  readonly message: string;
  readonly is_read: boolean;
  readonly occurrences: number;
}

describe('one e-mail through five tiers', () => {
  let tenant: Tenant;
  let accepted: Answer<Email>;
  const to = address();
  const attachment = { filename: 'Bericht März.pdf', content_type: 'application/pdf' };
  const message = {
    to,
    subject: 'Ihre Bestellung 4711 ✓',
    text: 'Grüße,\n.eine Zeile mit Punkt',
    html: '<p>Grüße <b>und</b> mehr</p>',
    headers: { 'X-Order': '4711', 'In-Reply-To': '<before@receiver.test>' },
    reply_to: 'help@shop.example',
    tags: [{ name: 'kind', value: 'order' }],
    attachments: [{ ...attachment, content: PDF.toString('base64') }],
  };
  const size = [message.text, message.html, PDF].reduce((sum, p) => sum + Buffer.byteLength(p), 0);

  beforeAll(async () => {
    tenant = await Tenant.create();
    accepted = await tenant.live.post<Email>('/v1/emails', tenant.message(message));
    await tenant.untilStatus(accepted.body.id, 'delivered');
  });

  const path = (rest = '') => `/v1/emails/${accepted.body.id}${rest}`;

  it('is accepted with the resource and its place', () => {
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get('location')).toBe(path());
    expect(accepted.body).toMatchObject({
      object: 'email',
      mode: 'live',
      status: 'queued',
      from: tenant.from,
      to,
      subject: message.subject,
      reply_to: message.reply_to,
      tags: message.tags,
      scheduled_at: null,
      sent_at: null,
      size_bytes: size,
      last_error_code: null,
    });
  });

  it('arrives once, as it was written', async () => {
    const copies = await copiesTo(to);
    expect(copies).toHaveLength(1);
    expect(copies[0]).toMatchObject({ from: tenant.from, to: [to], outcome: 'accepted' });
    const mail = await open(copies[0]);
    expect(mail).toMatchObject({
      subject: message.subject,
      messageId: accepted.body.message_id,
      inReplyTo: '<before@receiver.test>',
      from: { address: tenant.from },
      to: [{ address: to }],
      replyTo: [{ address: message.reply_to }],
    });
    expect(mail.text?.trimEnd()).toBe(message.text);
    expect(mail.html?.trimEnd()).toBe(message.html);
    expect(mail.headers).toContainEqual(expect.objectContaining({ key: 'x-order', value: '4711' }));
    expect(mail.attachments).toHaveLength(1);
    expect(mail.attachments[0]).toMatchObject({
      filename: attachment.filename,
      mimeType: attachment.content_type,
    });
    expect(Buffer.from(mail.attachments[0].content as ArrayBuffer)).toEqual(PDF);
  });

  it('is read back as it stands now', async () => {
    const { status, body } = await tenant.live.get<Email>(path());
    expect(status).toBe(200);
    const { id, created_at, message_id } = accepted.body;
    expect(body).toMatchObject({ id, created_at, message_id, status: 'delivered' });
    expect(Date.parse(body.sent_at ?? '')).toBeGreaterThanOrEqual(Date.parse(created_at));
  });

  it('is composed of three tiers when asked for', async () => {
    const { body } = await tenant.live.get(path('?include=content,attempts'));
    expect(body).toMatchObject({
      status: 'delivered',
      degraded: false,
      content: { status: 'ok', error: null, data: { text: message.text, html: message.html } },
      attempts: {
        status: 'ok',
        error: null,
        data: [{ attempt: 1, outcome: 'delivered', code: 250, error_code: null }],
      },
    });
  });

  it('gives its content and its file back, whole, in part and not at all', async () => {
    const content = await tenant.live.get<{ attachments: { id: string }[] }>(path('/content'));
    expect(content.body).toMatchObject({
      object: 'email_content',
      email_id: accepted.body.id,
      text: message.text,
      html: message.html,
      headers: message.headers,
      attachments: [{ ...attachment, size_bytes: PDF.length, disposition: 'attachment' }],
    });
    const file = path(`/attachments/${content.body.attachments[0].id}`);
    const whole = await tenant.live.get(file);
    expect([whole.status, whole.bytes]).toEqual([200, PDF]);
    expect(whole.headers.get('content-type')).toBe(attachment.content_type);
    expect(whole.headers.get('content-disposition')).toMatch(/^attachment;/);
    const etag = whole.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[^"]+"$/);
    const part = await tenant.live.get(file, { range: 'bytes=1-4' });
    expect([part.status, part.bytes.toString()]).toEqual([206, 'PDF-']);
    expect(part.headers.get('content-range')).toBe(`bytes 1-4/${PDF.length}`);
    const known = await tenant.live.get(file, { 'if-none-match': etag });
    expect([known.status, known.bytes.length, known.headers.get('etag')]).toEqual([304, 0, etag]);
    const beyond = await tenant.live.get<ProblemBody>(file, { range: 'bytes=999-' });
    expect([beyond.status, beyond.body.code]).toEqual([416, 'range_not_satisfiable']);
  });

  it('has a finished job of the same id', async () => {
    const job = await eventually(async () => {
      const { body } = await tenant.live.get(`/v1/jobs/${accepted.body.id}`);
      return body.status === 'completed' && body;
    }, SOON);
    expect(job).toMatchObject({ object: 'job', type: 'send_email', attempts: 1 });
    expect(Date.parse(String(job.completed_at))).not.toBeNaN();
  });

  it('is billed exactly once, to the byte', async () => {
    const [month] = await eventually(async () => {
      const { body } = await tenant.live.get<{ data: Record<string, unknown>[] }>(
        '/v1/analytics/billing',
      );
      return body.data[0]?.emails_delivered === 1 && body.data[0].total_bytes !== 0 && body.data;
    }, SOON);
    expect(month).toMatchObject({
      object: 'billing_period',
      period_start: new Date().toISOString().slice(0, 8) + '01',
      emails_sent: 1,
      emails_delivered: 1,
      emails_bounced: 0,
      total_bytes: size,
    });
    expect(month.estimated_cost_usd).toMatch(/^\d+\.\d{4}$/);
  });

  it('is announced in the summary of the day, which can be read', async () => {
    const list = () => tenant.live.get<{ data: Notified[] }>('/v1/notifications');
    const summary = await eventually(async () => {
      const { body } = await list();
      return body.data.find(({ type }) => type === 'delivery_summary') ?? false;
    }, SOON);
    expect(summary).toMatchObject({ is_read: false });
    expect(summary.message).toMatch(/\b1\b/);
    const unread = () => tenant.live.get('/v1/notifications/unread-count');
    expect((await unread()).body).toEqual({ object: 'unread_count', count: 1 });
    const read = await tenant.live.patch(`/v1/notifications/${summary.id}`, { is_read: true });
    expect([read.status, read.body.is_read]).toEqual([200, true]);
    expect((await unread()).body.count).toBe(0);
    const only = await tenant.live.get<{ data: Notified[] }>('/v1/notifications?unread=true');
    expect(only.body.data).toEqual([]);
  });
});
