import { badRequest } from '@penguinmails/http/problem';
import { looksLikeKey } from './api-key.js';

const NAMES = new Set(['key', 'api_key', 'apikey', 'token', 'access_token', 'authorization']);

/**
 * A credential in a URL ends up in logs and histories on the way, so it is not accepted there.
 * @throws Problem 400 `credential_in_query`
 */
export function refuseCredentialInQuery(query: unknown): void {
  const parameters = Object.entries((query ?? {}) as Record<string, unknown>);
  if (!parameters.some(isCredential)) return;
  throw badRequest(
    'credential_in_query',
    'A key belongs into the Authorization header. Treat the one in this URL as disclosed.',
  );
}

function isCredential([name, value]: [string, unknown]): boolean {
  const texts = Array.isArray(value) ? value : [value];
  return NAMES.has(name.toLowerCase().replaceAll('-', '_')) || texts.some(isKey);
}

function isKey(text: unknown): boolean {
  return typeof text === 'string' && looksLikeKey(text);
}
