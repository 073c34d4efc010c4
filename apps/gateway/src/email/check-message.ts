import { Problem, type ProblemItem, unprocessable } from '@penguinmails/http/problem';
import { decodedLength } from './base64.js';
import { checkHeaders } from './message-headers.js';
import { MAX_AHEAD_DAYS, MAX_BODY_BYTES, MAX_MESSAGE_BYTES } from './message-limits.js';
import { parseTime } from '../request/time-text.js';

/** The parts of a message that are checked together; each by itself has its type already. */
export interface MessageParts {
  readonly text?: string | null;
  readonly html?: string | null;
  readonly headers?: Readonly<Record<string, string>> | null;
  readonly scheduled_at?: string | null;
  readonly attachments?: readonly { readonly content: string }[] | null;
}

const DAY_MS = 86_400_000;

/**
 * The rules of a message that no single field shows. Sizes come first, from lengths alone.
 * @throws Problem 413 `body_too_large`, 422 `validation_failed`
 */
export function checkMessage(message: MessageParts): void {
  assertSize(message);
  const errors = [
    ...checkText(message.text, '/text'),
    ...checkText(message.html, '/html'),
    ...checkHeaders(message.headers ?? {}),
    ...checkBodies(message),
  ];
  if (errors.length > 0) throw unprocessable(errors);
}

/**
 * Apart from the other rules: it turns false by itself, and a request that is repeated under its
 * Idempotency-Key must find the answer it had.
 * @throws Problem 422 unless the time is ahead, by a year at most
 */
export function checkSchedule({ scheduled_at }: MessageParts, now = Date.now()): void {
  const time = parseTime(scheduled_at)?.getTime();
  if (time === undefined) return;
  if (time <= now) throw badSchedule('in_the_past', 'must be in the future');
  if (time > now + MAX_AHEAD_DAYS * DAY_MS)
    throw badSchedule('too_far_ahead', `must be at most ${MAX_AHEAD_DAYS} days ahead`);
}

function assertSize({ text, html, headers, attachments }: MessageParts): void {
  const bodies = [text, html].map((body) => Buffer.byteLength(body ?? ''));
  const files = (attachments ?? []).map(({ content }) => decodedLength(content));
  const total = [...bodies, ...files, Buffer.byteLength(JSON.stringify(headers ?? {}))];
  if (sum(total) > MAX_MESSAGE_BYTES) throw tooLarge();
  const items = ['/text', '/html'].filter((_pointer, at) => bodies[at] > MAX_BODY_BYTES);
  if (items.length > 0) throw tooLarge(items.map(bodyTooLong));
}

const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0);

function tooLarge(errors?: readonly ProblemItem[]): Problem {
  const detail = 'A message holds at most 25 MiB in all and 5 MiB in each body.';
  return new Problem(413, 'body_too_large', { detail, errors });
}

function bodyTooLong(pointer: string): ProblemItem {
  return { pointer, code: 'too_long', detail: `must be at most ${MAX_BODY_BYTES} bytes` };
}

function checkText(text: string | null | undefined, pointer: string): ProblemItem[] {
  // U+0000 and halves of surrogate pairs: PostgreSQL and UTF-8 cannot carry them.
  if (!text || (text.isWellFormed() && !text.includes('\0'))) return [];
  return [{ pointer, code: 'invalid_text', detail: 'must be valid Unicode without NUL' }];
}

function checkBodies({ text, html }: MessageParts): ProblemItem[] {
  if (text || html) return [];
  return [{ pointer: '/text', code: 'body_missing', detail: 'text or html is needed' }];
}

function badSchedule(code: string, detail: string): Problem {
  return unprocessable([{ pointer: '/scheduled_at', code, detail }]);
}
