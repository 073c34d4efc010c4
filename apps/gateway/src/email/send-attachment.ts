import { Problem } from '@penguinmails/http/problem';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AttachmentBytes } from '../clients/content.client.js';
import { parseRange } from './byte-range.js';

/** Stored bytes are somebody else's: a browser must neither render nor run them in our origin. */
const INERT = { 'content-security-policy': "default-src 'none'; sandbox" };

/** Answers with a file, a part of it, or 304. @throws Problem 416 `range_not_satisfiable` */
export function sendAttachment(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { bytes, contentType, disposition, etag }: AttachmentBytes,
): void {
  reply.headers({ ...INERT, etag, 'accept-ranges': 'bytes' });
  if (bytes === null || hasCopy(headers['if-none-match'], etag)) return void reply.code(304).send();
  reply.headers({ 'content-type': contentType, 'content-disposition': disposition });
  // If-Range: a part of a file that has changed since is of no use.
  const isSame = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = isSame ? parseRange(headers.range, bytes.length) : 'whole';
  if (range === 'whole') return void reply.send(bytes);
  if (range === 'unsatisfiable') throw unsatisfiable(reply, bytes.length);
  reply.code(206).header('content-range', `bytes ${range.first}-${range.last}/${bytes.length}`);
  void reply.send(bytes.subarray(range.first, range.last + 1));
}

/** If-None-Match (RFC 9110 13.1.2): `*`, or a list of tags that is compared weakly. */
function hasCopy(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));
}

function unsatisfiable(reply: FastifyReply, size: number): Problem {
  reply.header('content-range', `bytes */${size}`).removeHeader('content-disposition');
  return new Problem(416, 'range_not_satisfiable', { detail: 'The file has no such part.' });
}
