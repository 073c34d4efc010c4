import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { eventually, SmtpSink } from '@penguinmails/testing';
import PostalMime from 'postal-mime';
import type { Envelope, Refusal } from '../../src/clients/oltp.client.js';
import { ScriptedServer } from '../integration/scripted-server.js';
import { WorkerBench } from './worker-bench.js';

const LONG_REPLY = { code: 550, text: `5.7.1 ${'because '.repeat(400)}` };

describe('the worker sends what it leases', () => {
  let bench: WorkerBench;

  beforeAll(async () => {
    bench = await WorkerBench.start({}, { replies: { verbose: LONG_REPLY } });
  });
  afterAll(() => bench.stop());

  it('one message with bodies, headers and files, and says so', async () => {
    const attachment = {
      id: newId(),
      filename: 'Rechnung März.pdf',
      content_type: 'application/pdf',
      disposition: 'attachment',
      content_id: null,
      content: Buffer.from('%PDF-1.7 \0 bytes').toString('base64'),
    } as const;
    const content = {
      text: 'plain',
      html: '<p>rich</p>',
      headers: { 'X-Order': '7', References: '<a@sender.test>' },
      attachments: [attachment],
    };
    const to = 'happy@receiver.test';
    const envelope = { reply_to: 'help@sender.test', subject: 'Grüße' };
    const id = bench.send({ to, content, envelope });
    const result = await bench.outcomeOf(id);
    expect(result).toMatchObject({ kind: 'delivered', code: 250, error_code: null });
    expect(Date.parse(result.finished_at)).toBeGreaterThanOrEqual(Date.parse(result.started_at));
    expect(bench.copiesTo(to)).toBe(1);
    const [message] = bench.sink.messages;
    expect(message).toMatchObject({ from: 'shop@sender.test', to: [to] });
    const mail = await PostalMime.parse(message.raw);
    expect(mail).toMatchObject({
      subject: 'Grüße',
      messageId: `<${id}@sender.test>`,
      date: '2026-05-04T10:00:00.000Z',
      from: { address: 'shop@sender.test', name: 'Shop' },
      to: [{ address: to, name: '' }],
      replyTo: [{ address: 'help@sender.test' }],
      text: 'plain\n',
      html: '<p>rich</p>\n',
      references: '<a@sender.test>',
    });
    expect(mail.headers).toContainEqual(expect.objectContaining({ key: 'x-order', value: '7' }));
    const [file] = mail.attachments;
    expect(file).toMatchObject({ filename: 'Rechnung März.pdf', mimeType: 'application/pdf' });
    expect(Buffer.from(file.content as ArrayBuffer)).toEqual(Buffer.from('%PDF-1.7 \0 bytes'));
  });

  it.each([
    ['bounced', { kind: 'bounced', code: 550, enhanced_code: '5.1.1' }],
    ['deferred', { kind: 'deferred', code: 451, enhanced_code: '4.2.1' }],
    ['cut', { kind: 'unknown', code: null, error_code: 'outcome_unknown' }],
  ])('%s@: the outcome with its codes', async (name, outcome) => {
    const id = bench.send({ to: `${name}@receiver.test` });
    expect(await bench.outcomeOf(id)).toMatchObject(outcome);
    expect(bench.queue.kindsOf(id)).toHaveLength(1);
  });

  it('hands on the mailbox’s policy for unknown outcomes', async () => {
    const mailbox_id = newId();
    bench.oltp.mailboxes.set(mailbox_id, { smtp: null, unknown_outcome_policy: 'park' });
    const id = bench.send({ to: 'cut@receiver.test', job: { mailbox_id } });
    expect(await bench.outcomeOf(id)).toMatchObject({ kind: 'unknown', unknown_policy: 'park' });
  });

  it('a reply that is longer than the queue takes ends the job all the same', async () => {
    const id = bench.send({ to: 'verbose@receiver.test' });
    const result = await bench.outcomeOf(id);
    expect(result).toMatchObject({ kind: 'bounced', code: 550, enhanced_code: '5.7.1' });
  });

  it.each([
    ['cancelled', 'cancelled'],
    ['suppressed', 'cancelled'],
    ['finished', 'cancelled'],
    ['unknown_email', 'failed'],
  ] as [Refusal, string][])('refused as %s: nothing is sent', async (reason, kind) => {
    const to = `${reason}@refused.test`;
    const job = bench.accept({ to });
    bench.oltp.refusals.set(job.id, reason);
    bench.queue.offer(job);
    expect(await bench.outcomeOf(job.id)).toMatchObject({ kind, error_code: reason });
    expect(bench.copiesTo(to)).toBe(0);
  });

  it('content that is gone fails the message', async () => {
    const job = bench.accept({ to: 'gone@receiver.test' });
    bench.content.contents.delete(job.storage_key);
    bench.queue.offer(job);
    const outcome = { kind: 'failed', error_code: 'content_missing' };
    expect(await bench.outcomeOf(job.id)).toMatchObject(outcome);
  });

  it('a mailbox that oltp withholds defers the message: its password may open again', async () => {
    const id = bench.send({ to: 'withheld@receiver.test', job: { mailbox_id: newId() } });
    const outcome = { kind: 'deferred', error_code: 'mailbox_unavailable' };
    expect(await bench.outcomeOf(id)).toMatchObject(outcome);
  });

  it('asks for the mail of all tenants of a lease with its one grant', async () => {
    const asks = ['contents:fetch', 'mailboxes:transport', 'attempts:begin'];
    const calls = () =>
      asks.flatMap((name) => {
        const { server } = name === 'contents:fetch' ? bench.content : bench.oltp;
        return server.bodiesOf<{ grants: string[]; items: object[] }>(`/internal/${name}`);
      });
    const before = new Set(calls());
    const mailbox = bench.oltp.mailboxes.get(bench.mailboxId)!;
    const jobs = Array.from({ length: 20 }, (_, n) => {
      const mailbox_id = newId();
      bench.oltp.mailboxes.set(mailbox_id, mailbox);
      return bench.accept({ to: `t${n}@receiver.test`, job: { tenant_id: newId(), mailbox_id } });
    });
    bench.queue.offer(...jobs);
    const results = await Promise.all(jobs.map(({ id }) => bench.outcomeOf(id)));
    expect(results.map(({ kind }) => kind)).toEqual(Array(20).fill('delivered'));
    const made = calls().filter((body) => !before.has(body));
    expect(made.map(({ items }) => items.length)).toEqual([20, 20, 20]);
    expect(made.map(({ grants }) => grants.length)).toEqual([1, 1, 1]);
    expect(new Set(made.flatMap(({ grants }) => grants)).size).toBe(1);
  });

  it('asks again for contents that did not fit into one answer', async () => {
    bench.content.perAnswer = 2;
    const jobs = [1, 2, 3, 4, 5].map((n) => bench.accept({ to: `part${n}@receiver.test` }));
    bench.queue.offer(...jobs);
    const results = await Promise.all(jobs.map(({ id }) => bench.outcomeOf(id)));
    expect(results.map(({ kind }) => kind)).toEqual(Array(5).fill('delivered'));
    bench.content.perAnswer = 500;
  });

  it.each([
    ['a recipient that is two', { to: 'a@x.test,evil@x.test' }],
    ['a recipient with a command', { to: 'a@x.test\r\nRCPT TO:<evil@x.test>' }],
    ['a sender with a command', { from: { address: 'a@x.test>\r\nDATA', name: null } }],
  ] as [string, Partial<Envelope>][])('%s never reaches the server', async (_, envelope) => {
    const before = bench.sink.messages.length;
    const id = bench.send({ to: 'a@x.test', envelope });
    expect(await bench.outcomeOf(id)).toMatchObject({ kind: 'failed' });
    expect(bench.sink.messages).toHaveLength(before);
  });

  it.each([
    ['header', {}, { headers: { 'X-A': 'b\r\nBcc: evil@x.test' } }],
    ['subject', { subject: 'Hi\r\nBcc: evil@x.test\r\n\r\nbody' }, {}],
    ['name', { from: { address: 'shop@sender.test', name: 'Shop"\r\nBcc: evil@x.test' } }, {}],
  ])('a %s with CRLF is not sent', async (_, envelope, content) => {
    const before = bench.sink.messages.length;
    const id = bench.send({ to: 'injected@receiver.test', envelope, content });
    const outcome = { kind: 'failed', error_code: 'message_not_composable' };
    expect(await bench.outcomeOf(id)).toMatchObject(outcome);
    expect(bench.sink.messages).toHaveLength(before);
  });

  it('a job of a type without a handler is not lost', async () => {
    const id = bench.send({ to: 'typed@receiver.test', job: { type: 'read_mind' } });
    const outcome = { kind: 'deferred', error_code: 'handler_failed' };
    expect(await bench.outcomeOf(id)).toMatchObject(outcome);
  });

  it('holds no more jobs than it has room for', async () => {
    await bench.stopWorker();
    await bench.startWorker({ WORKER_CAPACITY: '2' });
    const asked = bench.queue.server.calls.length;
    const jobs = [1, 2, 3, 4, 5].map((n) => bench.accept({ to: `room${n}@receiver.test` }));
    bench.queue.offer(...jobs);
    await Promise.all(jobs.map(({ id }) => bench.outcomeOf(id)));
    const sizes = () => {
      const since = bench.queue.server.calls.slice(asked);
      return since.flatMap(({ body }) => (body as { max?: number }).max ?? []);
    };
    // While one is on its way there is room for one; when all have ended it asks for two.
    await eventually(() => expect(Math.max(...sizes())).toBe(2));
  });
});

describe('where the worker sends', () => {
  let bench: WorkerBench;
  let relay: ScriptedServer;

  beforeAll(async () => {
    relay = await ScriptedServer.start();
    bench = await WorkerBench.start({ SMTP_URL: `smtp://127.0.0.1:${relay.port}` });
  });
  afterAll(async () => {
    await bench.stop();
    await relay.stop();
  });

  it.each([
    ['anyone', { kind: 'delivered', code: 250 }],
    ['bounced', { kind: 'bounced', code: 550, enhanced_code: '5.1.1' }],
    ['deferred', { kind: 'deferred', code: 451 }],
  ])('test mail to %s@ without a sandbox: recorded, no socket', async (name, outcome) => {
    const id = bench.send({ to: `${name}@receiver.test`, envelope: { mode: 'test' } });
    expect(await bench.outcomeOf(id)).toMatchObject(outcome);
    expect(relay.connections).toBe(0);
  });

  it('test mail goes to the sandbox, live mail to the relay', async () => {
    await bench.stopWorker();
    const smtp = { SMTP_URL: `smtp://127.0.0.1:${relay.port}`, SANDBOX_SMTP_URL: bench.sink.url };
    await bench.startWorker(smtp);
    const to = 'anyone@receiver.test';
    await bench.outcomeOf(bench.send({ to, envelope: { mode: 'test' } }));
    expect([bench.copiesTo(to), relay.accepted.length]).toEqual([1, 0]);
    await bench.outcomeOf(bench.send({ to }));
    expect([bench.copiesTo(to), relay.accepted.length]).toEqual([1, 1]);
  });

  it('mail of a mailbox with a server of its own goes there, with its login', async () => {
    const credentials = { username: 'shop', password: 'p ä/ss' };
    const own = await SmtpSink.start({ credentials });
    const server = { host: own.host, port: own.port, security: 'none' } as const;
    const policy = { unknown_outcome_policy: 'retry_once' } as const;
    const [good, bad] = [newId(), newId()];
    bench.oltp.mailboxes.set(good, { smtp: { ...server, ...credentials }, ...policy });
    const wrong = { username: 'thief', password: 'x' };
    bench.oltp.mailboxes.set(bad, { smtp: { ...server, ...wrong }, ...policy });
    const to = 'own@receiver.test';
    const sent = bench.send({ to, job: { mailbox_id: good } });
    expect(await bench.outcomeOf(sent)).toMatchObject({ kind: 'delivered' });
    expect(own.messages).toHaveLength(1);
    const refused = bench.send({ to, job: { mailbox_id: bad } });
    const outcome = { kind: 'deferred', error_code: 'smtp_auth_failed' };
    expect(await bench.outcomeOf(refused)).toMatchObject(outcome);
    await own.stop();
  });

  it('a mail server that is away defers', async () => {
    await relay.stop();
    const id = bench.send({ to: 'away@receiver.test' });
    const outcome = { kind: 'deferred', error_code: 'smtp_connection_refused' };
    expect(await bench.outcomeOf(id)).toMatchObject(outcome);
    relay = await ScriptedServer.start();
  });
});
