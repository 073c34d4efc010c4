import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import type { Problem } from '../problem/problem.js';
import { badRequest, notFound, unprocessable } from '../problem/problems.js';
import { type BadShape, findBadShape, MAX_ARRAY_LENGTH } from './json-shape.js';
import { isPlainForm } from './plain-form.js';
import { type FailedRule, failedRules, toBodyItem, toQueryItem } from './validation-items.js';

/** Carries failed rules from Nest's pipe to ours, which knows what part of the request they are about. */
class InvalidInput extends Error {
  constructor(readonly rules: readonly FailedRule[]) {
    super('invalid input');
  }
}

/**
 * Checks the classes that routes take. A body: 422 `validation_failed` with JSON pointers. A query: 400
 * `unknown_parameter` or `invalid_parameter`. Path parameters: 404, as an unknown id.
 */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors: ValidationError[]) => new InvalidInput(failedRules(errors)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'custom') return value; // ours, not the caller's
    if (metadata.type === 'body' && isPlainForm(metadata.metatype, value)) return value;
    const isClass = this.toValidate(metadata);
    if (isClass && metadata.type === 'body') assertShape(value);
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      if (error instanceof InvalidInput) throw problemOf(error, metadata.type);
      throw error;
    }
  }
}

const DETAIL: Readonly<Record<BadShape['code'], string>> = {
  array_too_long: `The array is longer than ${MAX_ARRAY_LENGTH}.`,
  unknown_field: 'There is no such field.',
};

/** A class is an object; long arrays are cut off here, before each item is looked at. */
function assertShape(body: unknown): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw unprocessable([{ pointer: '', code: 'is_object', detail: 'The body is not an object.' }]);
  const bad = findBadShape(body);
  if (bad) throw unprocessable([{ ...bad, detail: DETAIL[bad.code] }]);
}

function problemOf({ rules }: InvalidInput, type: ArgumentMetadata['type']): Problem {
  if (type === 'param') return notFound();
  if (type === 'query') return queryProblem(rules);
  return unprocessable(rules.map(toBodyItem));
}

function queryProblem(rules: readonly FailedRule[]): Problem {
  const items = rules.map(toQueryItem);
  return items.some(({ code }) => code === 'unknown_parameter')
    ? badRequest('unknown_parameter', 'The query has a parameter that this route lacks.', items)
    : badRequest('invalid_parameter', 'The query has a value that is not acceptable.', items);
}
