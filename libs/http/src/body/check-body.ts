import type { Type } from '@nestjs/common';
import { RequestValidationPipe } from './request-validation.pipe.js';

const pipe = new RequestValidationPipe();

/** Checks a body that is part of a larger one as if it were a route's own. @throws Problem 422 */
export async function checkBody<T extends object>(type: Type<T>, body: unknown): Promise<T> {
  return (await pipe.transform(body, { type: 'body', metatype: type })) as T;
}
