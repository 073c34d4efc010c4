import { applyDecorators, type Type } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { ApiIdempotencyKey } from '../idempotency/idempotency-key.js';

const string = { type: 'string' } as const;
const LOCATION = { Location: { description: 'Path of the resource.', schema: string } };
const REPLAYED = {
  'Idempotent-Replayed': {
    description: '`true` when the answer was given before.',
    schema: string,
  },
};
const DESCRIPTION: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
};

interface AnswerOptions {
  /** The route takes an Idempotency-Key. */
  readonly replayable?: boolean;
  readonly location?: boolean;
}

/** Documents the answer of a route that leaves nothing to say. */
export const AnswersNothing = (): MethodDecorator =>
  ApiResponse({ status: 204, description: 'No Content' });

/** Documents the answer of a route that goes well. */
export function Answers(
  status: 200 | 201 | 202,
  type: Type,
  { replayable = false, location = false }: AnswerOptions = {},
): MethodDecorator {
  const headers = { ...(location && LOCATION), ...(replayable && REPLAYED) };
  return applyDecorators(
    ApiResponse({ status, type, description: DESCRIPTION[status], headers }),
    ...(replayable ? [ApiIdempotencyKey()] : []),
  );
}
