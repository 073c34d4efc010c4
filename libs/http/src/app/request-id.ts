import type { IncomingMessage } from 'node:http';
import { newId } from '@penguinmails/contracts';

const ACCEPTED = /^[A-Za-z0-9._-]{8,64}$/;

/** A caller's x-request-id when callers are trusted and it looks like one, else a new UUIDv7. */
export function requestIdOf(
  request: Pick<IncomingMessage, 'headers'>,
  trustCallers: boolean,
): string {
  const given = request.headers['x-request-id'];
  return trustCallers && typeof given === 'string' && ACCEPTED.test(given) ? given : newId();
}
