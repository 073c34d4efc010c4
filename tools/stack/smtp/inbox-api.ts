import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import PostalMime, { type Attachment, type Email } from 'postal-mime';
import { listPage, messagePage } from './inbox-page.ts';
import type { Pace } from './mail-server.ts';
import type { MessageFilter, MessageStore, ReceivedMessage } from './message-store.ts';

const LONGEST_WAIT_MS = 120_000;
const DEFAULT_WAIT_MS = 30_000;
const DEFAULT_LIMIT = 100;
/** Mail is somebody else's HTML: no script, no form, nothing loaded from anywhere. */
const MAIL_POLICY = "sandbox; default-src 'none'; img-src data: cid:; style-src 'unsafe-inline'";

interface Answer {
  status: number;
  type: string;
  body: string | Buffer | Uint8Array;
  headers?: Record<string, string>;
}

interface Question {
  method: string;
  path: string[];
  query: URLSearchParams;
}

/**
 * The inbox's HTTP side. Page: `/`, `/messages/<id>`. API: `GET|DELETE /api/messages`,
 * `GET|DELETE /api/messages/<id>`, `GET /api/messages/<id>/raw|html|attachments/<n>`,
 * `PUT /api/delay?ms=` (how late answers to DATA come),
 * `GET /api/wait?to=&subject=&message_id=&after=&timeout_ms=` (404 when nothing came in time).
 */
export function createInboxServer(store: MessageStore, pace: Pace): Server {
  return createServer((request, response) => {
    respond(store, pace, request).then(
      (answer) => send(response, answer),
      (error: Error) => send(response, json(500, { message: error.message })),
    );
  });
}

function send(response: ServerResponse, { status, type, body, headers }: Answer): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers });
  response.end(body);
}

async function respond(store: MessageStore, pace: Pace, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://inbox');
  const path = url.pathname.split('/').filter((segment) => segment !== '');
  const question = { method: request.method ?? 'GET', path, query: url.searchParams };
  if (question.method === 'PUT' && path.join('/') === 'api/delay') return setDelay(pace, question);
  return path[0] === 'api' ? answerApi(store, question) : answerPage(store, question);
}

async function answerPage(store: MessageStore, { path }: Question): Promise<Answer> {
  if (path.length === 0) return html(listPage(store.list({}, DEFAULT_LIMIT)));
  const message = path[0] === 'messages' ? store.find(path[1] ?? '') : undefined;
  if (!message) return html('<h1>Not here</h1>', 404);
  return html(messagePage(message, await PostalMime.parse(await store.raw(message.id))));
}

async function answerApi(store: MessageStore, question: Question): Promise<Answer> {
  const { method, path, query } = question;
  if (method === 'GET' && path[1] === 'wait') return wait(store, query);
  if (path[1] !== 'messages') return notFound();
  if (path.length === 2) return method === 'DELETE' ? clear(store) : list(store, query);
  const message = store.find(path[2] ?? '');
  if (!message) return notFound();
  if (method === 'DELETE') return remove(store, message);
  return answerMessage(store, message, path.slice(3));
}

async function answerMessage(
  store: MessageStore,
  message: ReceivedMessage,
  [view, number]: string[],
): Promise<Answer> {
  const raw = await store.raw(message.id);
  if (view === 'raw') return { status: 200, type: 'message/rfc822', body: raw };
  const email = await PostalMime.parse(raw);
  if (view === undefined) return json(200, { ...message, ...contents(email) });
  if (view === 'html') return mailHtml(email);
  const attachment = view === 'attachments' ? email.attachments[Number(number)] : undefined;
  return attachment ? file(attachment) : notFound();
}

function contents(email: Email): object {
  return {
    headers: email.headers.map(({ key, value }) => ({ name: key, value })),
    text: email.text ?? null,
    html: email.html ?? null,
    attachments: email.attachments.map((attachment, index) => ({
      index,
      filename: attachment.filename,
      content_type: attachment.mimeType,
      disposition: attachment.disposition,
      content_id: attachment.contentId ?? null,
      size_bytes: bytesOf(attachment).length,
    })),
  };
}

async function wait(store: MessageStore, query: URLSearchParams): Promise<Answer> {
  const asked = Number(query.get('timeout_ms') ?? DEFAULT_WAIT_MS);
  const timeoutMs = Math.min(Math.max(0, asked || 0), LONGEST_WAIT_MS);
  const message = await store.waitFor(filterOf(query), timeoutMs);
  return message ? json(200, message) : notFound();
}

function filterOf(query: URLSearchParams): MessageFilter {
  const names = ['to', 'subject', 'message_id', 'after'] as const;
  const given = names.filter((name) => query.has(name));
  return Object.fromEntries(given.map((name) => [name, query.get(name) ?? '']));
}

function list(store: MessageStore, query: URLSearchParams): Answer {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT) || DEFAULT_LIMIT;
  return json(200, { object: 'list', data: store.list(filterOf(query), limit) });
}

function setDelay(pace: Pace, { query }: Question): Answer {
  pace.delayMs = Math.max(0, Number(query.get('ms')) || 0);
  return json(200, pace);
}

function clear(store: MessageStore): Answer {
  store.clear();
  return { status: 204, type: 'text/plain', body: '' };
}

function remove(store: MessageStore, message: ReceivedMessage): Answer {
  store.remove(message.id);
  return { status: 204, type: 'text/plain', body: '' };
}

function file(attachment: Attachment): Answer {
  const name = encodeURIComponent(attachment.filename ?? 'attachment');
  const headers = {
    'content-disposition': `attachment; filename*=UTF-8''${name}`,
    'x-content-type-options': 'nosniff',
  };
  const body = bytesOf(attachment);
  return { status: 200, type: 'application/octet-stream', body, headers };
}

function bytesOf({ content }: Attachment): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : new Uint8Array(content);
}

function mailHtml(email: Email): Answer {
  const headers = { 'content-security-policy': MAIL_POLICY };
  return { status: 200, type: 'text/html; charset=utf-8', body: email.html ?? '', headers };
}

const json = (status: number, body: object): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
});

const html = (body: string, status = 200): Answer => ({
  status,
  type: 'text/html; charset=utf-8',
  body,
});

const notFound = (): Answer => json(404, { message: 'no such message' });
