import { hash } from 'node:crypto';

/** The readable parts of one message; either may be missing, an empty text is not a missing one. */
export interface Body {
  readonly text: string | null;
  readonly html: string | null;
}

/** Header name to value, as the sender gave them. */
export type MessageHeaders = Readonly<Record<string, string>>;

/**
 * SHA-256 (hex) of the JSON `[text, html, [[name, value], …]]` in UTF-8, headers sorted by name in
 * code-unit order. Stored as content_hash and compared on every read.
 */
export function contentHash(body: Body, headers: MessageHeaders): string {
  return hashOfJson(bodyJson(body), headers);
}

/** The JSON `[text, html]`: what is hashed with the headers, and what is stored when it is not text. */
export function bodyJson({ text, html }: Body): string {
  return JSON.stringify([text, html]);
}

/** {@link contentHash} of a body whose {@link bodyJson} is there already. */
export function hashOfJson(json: string, headers: MessageHeaders): string {
  const sorted = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(`${json.slice(0, -1)},${JSON.stringify(sorted)}]`);
}

/** SHA-256 (hex) of bytes as they were before compression. */
export function bytesHash(bytes: Uint8Array): string {
  return sha256(bytes);
}

function sha256(data: string | Uint8Array): string {
  return hash('sha256', data);
}
