import { createHmac, timingSafeEqual } from 'node:crypto';
import { Secret } from '@penguinmails/config';
import { isUuid } from '@penguinmails/contracts';
import { badRequest } from '../problem/problems.js';

/** Where a page begins: the keyset of one row of one list of one tenant. */
export interface CursorPosition {
  /** RFC 3339 with as many digits as the database gave: rounding would skip or repeat rows. */
  readonly createdAt: string;
  readonly id: string;
}
export interface CursorScope {
  readonly tenantId: string;
  /** The list, such as `emails`. */
  readonly resource: string;
}

const MAC_BYTES = 16;
const MAX_LENGTH = 512;

/** An opaque, signed cursor. @param secret CURSOR_SECRET */
export function encodeCursor(
  secret: Secret | string,
  { tenantId, resource, createdAt, id }: CursorScope & CursorPosition,
): string {
  const position = Buffer.from(JSON.stringify([createdAt, id]));
  const mac = macOf(secret, { tenantId, resource }, position);
  return Buffer.concat([mac, position]).toString('base64url');
}

/**
 * @throws Problem 400 `invalid_cursor` when it was not made by {@link encodeCursor} for this tenant and
 * this list
 */
export function decodeCursor(
  secret: Secret | string,
  cursor: string,
  scope: CursorScope,
): CursorPosition {
  const bytes = Buffer.from(cursor.slice(0, MAX_LENGTH), 'base64url');
  const mac = bytes.subarray(0, MAC_BYTES);
  const position = bytes.subarray(MAC_BYTES);
  const expected = macOf(secret, scope, position);
  if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, expected)) throw invalidCursor();
  return parsePosition(position);
}

function macOf(secret: Secret | string, scope: CursorScope, position: Buffer): Buffer {
  const key = typeof secret === 'string' ? secret : secret.reveal();
  return createHmac('sha256', key)
    .update(JSON.stringify([scope.tenantId, scope.resource]))
    .update(position)
    .digest()
    .subarray(0, MAC_BYTES);
}

function parsePosition(position: Buffer): CursorPosition {
  const [createdAt, id] = JSON.parse(position.toString()) as unknown[];
  if (typeof createdAt !== 'string' || !isUuid(id)) throw invalidCursor();
  return { createdAt, id };
}

function invalidCursor() {
  return badRequest('invalid_cursor', 'The cursor is not one that this list gave.');
}
