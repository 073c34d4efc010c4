import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import type { ProblemBody } from './support/api.js';
import { copiesTo, open } from './support/inbox.js';
import { dataDirectory, tiers } from './support/stack.js';
import { address, type Email, Tenant } from './support/tenant.js';

const SOON = { timeoutMs: 180_000, intervalMs: 50 };

interface Listed {
  readonly data: readonly Email[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

describe('lists', () => {
  it('page forwards and backwards without gaps or repeats', async () => {
    const tenant = await Tenant.create();
    const sent: string[] = [];
    for (let n = 0; n < 5; n += 1) sent.unshift((await tenant.send()).id);
    const seen: string[] = [];
    let after = '';
    for (;;) {
      const { body } = await tenant.live.get<Listed>(`/v1/emails?limit=2${after}`);
      seen.push(...body.data.map(({ id }) => id));
      expect(body.has_more).toBe(body.next_cursor !== null);
      if (body.next_cursor === null) break;
      after = `&after=${encodeURIComponent(body.next_cursor)}`;
    }
    expect(seen).toEqual(sent);
    const stranger = await Tenant.create();
    const foreign = await stranger.live.get<ProblemBody>(`/v1/emails?limit=2${after}`);
    expect([foreign.status, foreign.body.code]).toEqual([400, 'invalid_cursor']);
    const none = await tenant.live.get<Listed>('/v1/emails?status=bounced');
    expect(none.body.data).toEqual([]);
  });
});

describe('test keys', () => {
  it('send to the sandbox and are not billed', async () => {
    const tenant = await Tenant.create();
    const to = address();
    const email = await tenant.send({ to }, tenant.test);
    expect(email.mode).toBe('test');
    await tenant.untilStatus(email.id, 'delivered');
    expect(await copiesTo(to)).toHaveLength(1);
    const live = await tenant.send();
    await tenant.untilStatus(live.id, 'delivered');
    // The figures come by several events, and olap takes these in from several partitions in turn.
    await eventually(async () => {
      const { body } = await tenant.live.get<{ data: object[] }>('/v1/analytics/billing');
      const month = { emails_sent: 1, emails_delivered: 1, total_bytes: live.size_bytes };
      expect(body.data).toMatchObject([month]);
    }, SOON);
  });
});

describe('scheduled mail', () => {
  it('is sent at its time and not before', async () => {
    const tenant = await Tenant.create();
    const to = address();
    const due = Date.now() + 6_000;
    const scheduled_at = new Date(due).toISOString();
    const email = await tenant.send({ to, scheduled_at });
    expect(email).toMatchObject({ status: 'scheduled', scheduled_at });
    await tenant.untilStatus(email.id, 'delivered');
    const [copy] = await copiesTo(to);
    expect(Date.parse(copy.received_at)).toBeGreaterThanOrEqual(due);
    expect(Date.parse(copy.received_at)).toBeLessThan(due + 60_000);
  });

  it('is never sent once it is cancelled, which works once', async () => {
    const tenant = await Tenant.create();
    const [to, witness] = [address(), address()];
    const scheduled_at = new Date(Date.now() + 6_000).toISOString();
    const email = await tenant.send({ to, scheduled_at });
    const first = await tenant.live.post<Email>(`/v1/emails/${email.id}/cancel`);
    expect([first.status, first.body.status]).toEqual([200, 'cancelled']);
    const second = await tenant.live.post<ProblemBody>(`/v1/emails/${email.id}/cancel`);
    expect([second.status, second.body.code]).toEqual([409, 'email_not_cancellable']);
    const later = new Date(Date.parse(scheduled_at) + 500).toISOString();
    const proof = await tenant.send({ to: witness, scheduled_at: later });
    await tenant.untilStatus(proof.id, 'delivered');
    expect(await copiesTo(to)).toEqual([]);
    expect((await tenant.email(email.id)).status).toBe('cancelled');
    const job = await tenant.live.get(`/v1/jobs/${email.id}`);
    expect(job.body).toMatchObject({ status: 'cancelled', attempts: 0 });
  });
});

describe('recipients that cannot be reached', () => {
  it('bounce with the server’s codes, and are suppressed from then on', async () => {
    const tenant = await Tenant.create();
    const to = address('bounced');
    const email = await tenant.send({ to });
    await tenant.untilStatus(email.id, 'bounced');
    const { body } = await tenant.live.get(`/v1/emails/${email.id}?include=attempts`);
    expect(body.attempts).toMatchObject({
      data: [{ attempt: 1, outcome: 'bounced', code: 550, enhanced_code: '5.1.1' }],
    });
    const second = await tenant.send({ to });
    expect(second.status).toBe('suppressed');
    const job = await tenant.live.get<ProblemBody>(`/v1/jobs/${second.id}`);
    expect([job.status, job.body.code]).toEqual([404, 'not_found']);
    const content = await tenant.live.get(`/v1/emails/${second.id}/content`);
    expect(content.body).toMatchObject({ text: 'words' });
  });

  it('are deferred, with the attempt to see, and can be cancelled meanwhile', async () => {
    const tenant = await Tenant.create();
    const email = await tenant.send({ to: address('deferred') });
    await tenant.untilStatus(email.id, 'deferred');
    const { body } = await tenant.live.get(`/v1/emails/${email.id}?include=attempts`);
    expect(body.attempts).toMatchObject({
      data: [{ attempt: 1, outcome: 'deferred', code: 451, enhanced_code: '4.2.1' }],
    });
    const cancelled = await tenant.live.post<Email>(`/v1/emails/${email.id}/cancel`);
    expect([cancelled.status, cancelled.body.status]).toEqual([200, 'cancelled']);
    await eventually(async () => {
      const job = await tenant.live.get(`/v1/jobs/${email.id}`);
      expect(job.body).toMatchObject({ status: 'cancelled', attempts: 1 });
    }, SOON);
  });

  it('end as unknown when the server falls silent after the message', async () => {
    const tenant = await Tenant.create();
    const to = address('cut');
    const email = await tenant.send({ to });
    await tenant.untilStatus(email.id, 'unknown');
    const [copy] = await copiesTo(to);
    expect(copy).toMatchObject({ message_id: email.message_id, outcome: 'cut' });
  });
});

describe('Idempotency-Key', () => {
  const keyed = (key: string) => ({ 'idempotency-key': key });

  it('replays the answer and sends one message', async () => {
    const tenant = await Tenant.create();
    const to = address();
    const body = tenant.message({ to });
    const first = await tenant.live.post<Email>('/v1/emails', body, keyed('a'));
    await tenant.untilStatus(first.body.id, 'delivered');
    const second = await tenant.live.post<Email>('/v1/emails', body, keyed('a'));
    expect([second.status, second.body]).toEqual([202, first.body]);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    const other = { ...body, subject: 'another' };
    const mismatch = await tenant.live.post<ProblemBody>('/v1/emails', other, keyed('a'));
    expect([mismatch.status, mismatch.body.code]).toEqual([422, 'idempotency_key_reused']);
    const third = await tenant.live.post<Email>('/v1/emails', body, keyed('b'));
    expect(third.body.id).not.toBe(first.body.id);
    await tenant.untilStatus(third.body.id, 'delivered');
    expect(await copiesTo(to)).toHaveLength(2);
  });

  it('makes one e-mail of ten requests at once', async () => {
    const tenant = await Tenant.create();
    const to = address();
    const send = () =>
      tenant.live.post<Email & ProblemBody>('/v1/emails', tenant.message({ to }), keyed('same'));
    const answers = await Promise.all(Array.from({ length: 10 }, send));
    const taken = answers.filter(({ status }) => status === 202);
    const waiting = answers.filter(({ status }) => status !== 202);
    expect(new Set(taken.map(({ body }) => body.id)).size).toBe(1);
    for (const { status, body } of waiting)
      expect([status, body.code]).toEqual([409, 'idempotency_in_progress']);
    await tenant.untilStatus(taken[0].body.id, 'delivered');
    expect(await copiesTo(to)).toHaveLength(1);
    const { body } = await tenant.live.get<Listed>('/v1/emails');
    expect(body.data).toHaveLength(1);
  });

  it('a key that a refused request had used is free again', async () => {
    const tenant = await Tenant.create();
    const wrong = tenant.message({ from: 'nobody@elsewhere.test' });
    const refused = await tenant.live.post<ProblemBody>('/v1/emails', wrong, keyed('c'));
    expect([refused.status, refused.body.code]).toEqual([422, 'sender_not_allowed']);
    const right = await tenant.live.post<Email>('/v1/emails', tenant.message(), keyed('c'));
    expect(right.status).toBe(202);
  });
});

describe('much mail', () => {
  it('of two tenants at once arrives once each, and is counted', async () => {
    const tenants = await Promise.all([Tenant.create(), Tenant.create()]);
    const emails: Email[] = [];
    for (let round = 0; round < 5; round += 1) {
      const sends = tenants.flatMap((tenant) =>
        Array.from({ length: 10 }, (_, n) => tenant.send({ text: `text ${n}` })),
      );
      emails.push(...(await Promise.all(sends)));
    }
    for (const tenant of tenants)
      await eventually(async () => {
        const { body } = await tenant.live.get<{ data: object[] }>('/v1/analytics/billing');
        expect(body.data).toMatchObject([{ emails_sent: 50, emails_delivered: 50 }]);
      }, SOON);
    const copies = await Promise.all(emails.map(({ to }) => copiesTo(to)));
    expect(copies.filter((copy) => copy.length !== 1)).toEqual([]);
    const ids = copies.map(([{ message_id }]) => message_id);
    expect(ids.sort()).toEqual(emails.map(({ message_id }) => message_id).sort());
    for (const tier of tiers)
      expect([tier, readFileSync(`${dataDirectory}/logs/${tier}-db.log`, 'utf8')]).toEqual([
        tier,
        expect.not.stringContaining('deadlock detected'),
      ]);
  });

  it('in one message: 24 MiB in 25 files arrive whole', async () => {
    const tenant = await Tenant.create();
    const to = address();
    const files = Array.from({ length: 25 }, (_, n) => Buffer.alloc((24 * 1024 * 1024) / 25, n));
    const attachments = files.map((file, n) => ({
      filename: `${n}.bin`,
      content: file.toString('base64'),
    }));
    const { id } = await tenant.send({ to, attachments });
    await tenant.untilStatus(id, 'delivered');
    const [copy] = await copiesTo(to);
    const mail = await open(copy);
    const bytes = mail.attachments.map(({ content }) => Buffer.from(content as ArrayBuffer));
    expect(bytes.map((file, n) => file.equals(files[n]))).toEqual(files.map(() => true));
  });
});
