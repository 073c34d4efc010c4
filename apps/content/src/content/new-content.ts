import { bodyTooLarge, type ProblemItem, unprocessable } from '@penguinmails/http/problem';
import { type AttachmentFile, checkDescription, isDisguisedProgram } from './attachment-file.js';
import { decodeBase64, decodedLength } from './base64.js';
import { bodySize } from './body-placement.js';
import type { Body, MessageHeaders } from './content-hash.js';
import { checkText, MAX_ATTACHMENTS, MAX_TOTAL_BYTES } from './content-limits.js';
import { checkHeaders } from './message-headers.js';

/** A file as it comes in: bytes in base64. */
export interface AttachmentInput {
  readonly filename: string;
  readonly content_type: string;
  readonly content: string;
  readonly disposition: 'attachment' | 'inline';
  readonly content_id: string | null;
}

/** A content as it comes in. */
export interface ContentInput extends Body {
  readonly headers: MessageHeaders;
  readonly attachments: readonly AttachmentInput[];
}

/** A content that keeps every rule, its files decoded. */
export interface NewContent {
  readonly body: Body;
  readonly headers: MessageHeaders;
  readonly files: readonly AttachmentFile[];
}

/**
 * Checks a content and decodes its files. Sizes come first, from the lengths of the texts, so that
 * nothing large is decoded only to be refused.
 * @throws Problem 413 over the total, 422 naming everything else that is wrong
 */
export function readContent(input: ContentInput): NewContent {
  if (input.attachments.length > MAX_ATTACHMENTS) throw unprocessable([tooManyFiles]);
  if (totalSize(input) > MAX_TOTAL_BYTES) throw bodyTooLarge();
  const errors = [
    ...checkText(input.text, '/text'),
    ...checkText(input.html, '/html'),
    ...checkHeaders(input.headers),
  ];
  const files = input.attachments.map((file, at) => readFile(file, `/attachments/${at}`, errors));
  if (errors.length > 0) throw unprocessable(errors);
  return { body: { text: input.text, html: input.html }, headers: input.headers, files };
}

const tooManyFiles: ProblemItem = {
  pointer: '/attachments',
  code: 'too_many',
  detail: `must hold at most ${MAX_ATTACHMENTS} files`,
};

/** Bytes of bodies, headers and decoded files. */
export function totalSize(input: ContentInput): number {
  const headers = Buffer.byteLength(JSON.stringify(input.headers));
  const files = input.attachments.reduce((sum, file) => sum + decodedLength(file.content), 0);
  return bodySize(input) + headers + files;
}

function readFile(input: AttachmentInput, at: string, errors: ProblemItem[]): AttachmentFile {
  const described = {
    filename: input.filename,
    contentType: input.content_type,
    disposition: input.disposition,
    contentId: input.content_id,
  };
  errors.push(...checkDescription(described, at));
  const bytes = decodeBase64(input.content);
  errors.push(...checkBytes(input.filename, bytes, at));
  return { ...described, bytes: bytes ?? Buffer.alloc(0) };
}

function checkBytes(filename: string, bytes: Buffer | undefined, at: string): ProblemItem[] {
  const pointer = `${at}/content`;
  if (!bytes) return [{ pointer, code: 'invalid_base64', detail: 'must be base64 (RFC 4648)' }];
  if (!isDisguisedProgram(filename, bytes)) return [];
  return [{ pointer, code: 'disguised_program', detail: 'is a program under another name' }];
}
