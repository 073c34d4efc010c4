import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nodemailer from 'nodemailer';
import { freePorts } from '../../../libs/testing/src/free-port.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { MessageStore } from './message-store.ts';
import { SmtpSink } from './smtp-sink.ts';

let directory: string;
let supervisor: Supervisor;
let inbox: string;
let port: number;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'smtp-spec-'));
  const [smtpPort = 0, inboxPort = 0] = await freePorts(2);
  port = smtpPort;
  inbox = `http://127.0.0.1:${inboxPort}`;
  supervisor = new Supervisor({ dataDirectory: directory, restart: false, say: () => undefined });
  await supervisor.start(new SmtpSink({ port, inboxPort, directory: join(directory, 'messages') }));
});

afterAll(async () => {
  await supervisor.stop();
  rmSync(directory, { recursive: true });
});

/** Delivers one message; the error's `responseCode` is the server's reply. */
async function send(to: string, subject: string): Promise<void> {
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
  const attachments = [{ filename: 'plan.txt', content: 'the plan' }];
  const html = `<p>Hello</p><script>alert(1)</script>`;
  await transport.sendMail({ from: 'me@here.test', to, subject, text: 'Hello', html, attachments });
}

const get = async (path: string): Promise<Response> => fetch(`${inbox}${path}`);
const getJson = async <T>(path: string): Promise<T> => (await get(path)).json() as Promise<T>;

interface Message {
  id: string;
  to: string[];
  subject: string;
  outcome: string;
  text: string;
  attachments: { filename: string; size_bytes: number }[];
}

describe('SMTP sink', () => {
  it('keeps a message and gives it back as list, one, raw, attachment and page', async () => {
    await send('delivered@a.sandbox.test', 'First <b>');
    const { data } = await getJson<{ data: Message[] }>(
      '/api/messages?to=delivered@a.sandbox.test',
    );
    expect(data).toHaveLength(1);
    const [{ id } = { id: '' }] = data;
    const one = await getJson<Message>(`/api/messages/${id}`);
    expect(one).toMatchObject({ subject: 'First <b>', outcome: 'accepted' });
    expect(one.text.trim()).toBe('Hello');
    expect(one.attachments).toMatchObject([{ filename: 'plan.txt', size_bytes: 8 }]);
    expect(await (await get(`/api/messages/${id}/raw`)).text()).toContain('Subject: First');
    const file = await get(`/api/messages/${id}/attachments/0`);
    expect(await file.text()).toBe('the plan');
    expect(file.headers.get('content-disposition')).toContain('attachment');
    expect(await (await get('/')).text()).toContain('First &lt;b&gt;');
    expect(await (await get(`/messages/${id}`)).text()).toContain('plan.txt');
    const html = await get(`/api/messages/${id}/html`);
    expect(html.headers.get('content-security-policy')).toContain('sandbox');
  });

  it.each([
    ['bounced@a.sandbox.test', 550, '5.1.1'],
    ['deferred@a.sandbox.test', 451, '4.2.1'],
    ['suppressed@a.sandbox.test', 550, '5.7.1'],
    ['Bounced+tag@a.sandbox.test', 550, '5.1.1'],
  ])('answers %s with %i %s', async (to, responseCode, enhanced) => {
    const response = expect.stringContaining(enhanced);
    await expect(send(to, 'refused')).rejects.toMatchObject({ responseCode, response });
  });

  it('takes complained@, answers slow@ late, and cuts the connection of cut@ after DATA', async () => {
    await send('complained@a.sandbox.test', 'complaint');
    const began = performance.now();
    const slow = send('slow@a.sandbox.test', 'slow');
    await expect(send('cut@a.sandbox.test', 'cut')).rejects.toMatchObject({ code: 'ECONNECTION' });
    const cut = await getJson<Message>('/api/wait?to=cut@a.sandbox.test&timeout_ms=0');
    expect(cut.outcome).toBe('cut');
    await slow;
    expect(performance.now() - began).toBeGreaterThan(4_900);
    const { data } = await getJson<{ data: Message[] }>('/api/messages?subject=complaint');
    expect(data).toHaveLength(1);
  });

  it('waits for a message that is still to come, and says so when none came', async () => {
    const waiting = getJson<Message>('/api/wait?to=later@a.sandbox.test&timeout_ms=120000');
    await send('other@a.sandbox.test', 'other');
    await send('later@a.sandbox.test', 'later');
    expect((await waiting).subject).toBe('later');
    expect((await get('/api/wait?to=never@a.sandbox.test&timeout_ms=20')).status).toBe(404);
  });

  it('deletes one and all', async () => {
    const { data } = await getJson<{ data: Message[] }>('/api/messages');
    const path = `/api/messages/${data[0]?.id}`;
    expect((await fetch(`${inbox}${path}`, { method: 'DELETE' })).status).toBe(204);
    expect((await get(path)).status).toBe(404);
    await fetch(`${inbox}/api/messages`, { method: 'DELETE' });
    expect(await getJson('/api/messages')).toEqual({ object: 'list', data: [] });
  });
});

describe('MessageStore', () => {
  it('keeps the last N, also over a restart', async () => {
    const place = join(directory, 'store');
    const store = new MessageStore(place, 2);
    const envelope = { from: 'a@b.test', to: ['c@d.test'], outcome: 'accepted' as const };
    for (const subject of ['one', 'two', 'three']) {
      await store.add(Buffer.from(`Subject: ${subject}\r\n\r\nbody`), envelope);
    }
    const again = new MessageStore(place, 2);
    expect(again.list().map(({ subject }) => subject)).toEqual(['three', 'two']);
    expect(readdirSync(place)).toHaveLength(4);
    const next = await again.add(Buffer.from('Subject: four\r\n\r\n'), envelope);
    expect(next.id > (store.list()[0]?.id ?? '')).toBe(true);
    expect(again.list({ after: next.id })).toEqual([]);
  });
});
