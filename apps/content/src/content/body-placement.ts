import { bodyJson, bytesHash, type Body } from './content-hash.js';
import { COMPRESS_FROM_BYTES, DamagedBytes, pack, type PackedBytes } from './compression.js';

/**
 * From this size on a body is a blob of its own, so that a tenant who sends one text many times stores
 * it once. Smaller bodies are mostly personal, and a shared row would only add a write.
 */
export const SHARE_FROM_BYTES = 16 * 1024;

/** Where the body of one content lives; the database refuses any other combination. */
export type PlacedBody =
  | { readonly place: 'inline' }
  | { readonly place: 'row'; readonly packed: PackedBytes }
  | { readonly place: 'blob'; readonly hash: string; readonly raw: Buffer };

/** UTF-8 bytes of text and html together. */
export function bodySize({ text, html }: Body): number {
  return Buffer.byteLength(text ?? '') + Buffer.byteLength(html ?? '');
}

/** Inline text when small or incompressible, compressed in its row when middling, a blob when large. */
export async function placeBody(body: Body, json = bodyJson(body)): Promise<PlacedBody> {
  const size = bodySize(body);
  if (size < COMPRESS_FROM_BYTES) return { place: 'inline' };
  const raw = Buffer.from(json);
  if (size >= SHARE_FROM_BYTES) return { place: 'blob', hash: bytesHash(raw), raw };
  const packed = await pack(raw);
  return packed.algorithm === 'none' ? { place: 'inline' } : { place: 'row', packed };
}

/** A body as bytes: the JSON `[text, html]` in UTF-8. */
export function encodeBody(body: Body): Buffer {
  return Buffer.from(bodyJson(body));
}

/** @throws DamagedBytes when the bytes are not such a JSON */
export function decodeBody(bytes: Buffer): Body {
  const parsed = parse(bytes.toString('utf8'));
  if (!Array.isArray(parsed) || parsed.length !== 2 || !parsed.every(isPart))
    throw new DamagedBytes('body is not a pair of texts');
  const [text, html] = parsed as [string | null, string | null];
  return { text, html };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // The parser's message quotes the body.
    throw new DamagedBytes('body is not JSON');
  }
}

function isPart(part: unknown): boolean {
  return part === null || typeof part === 'string';
}
