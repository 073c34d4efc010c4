import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { PlatformRequest } from '@penguinmails/http';
import { badRequest } from '@penguinmails/http/problem';

const MAX_LENGTH = 255;
const VISIBLE = /^[\x21-\x7e]+$/;

/**
 * The Idempotency-Key of a request: 1 to 255 visible ASCII characters; undefined when there is none.
 * @throws Problem 400 `invalid_idempotency_key`
 */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && header.length <= MAX_LENGTH && VISIBLE.test(header))
    return header;
  const detail = `Idempotency-Key must be 1 to ${MAX_LENGTH} visible ASCII characters.`;
  throw badRequest('invalid_idempotency_key', detail);
}

/** Parameter of a route: its Idempotency-Key. */
export const IdempotencyKey = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  idempotencyKeyOf(context.switchToHttp().getRequest<PlatformRequest>().headers['idempotency-key']),
);

/** Documents the header on a route. */
export const ApiIdempotencyKey = (): MethodDecorator =>
  ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same key with the same body within 24 hours changes nothing again.',
    schema: { type: 'string', minLength: 1, maxLength: MAX_LENGTH },
  });
