import type { PipeTransform } from '@nestjs/common';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { unprocessable } from '../problem/problems.js';
import { escapePointer } from './json-shape.js';

const MAX_ITEMS = 50;

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
ajvFormats.default(ajv, ['uuid', 'date-time']);

/**
 * A body that is checked by a compiled schema: these routes carry hundreds of items, for which
 * class-validator costs more than the work itself. Refuses with 422 and JSON pointers.
 */
class BodySchema<T> implements PipeTransform<unknown, T> {
  constructor(private readonly check: ValidateFunction) {}

  transform(body: unknown): T {
    if (this.check(body)) return body as T;
    throw unprocessable((this.check.errors ?? []).slice(0, MAX_ITEMS).map(problemItem));
  }
}

/** @param schema JSON Schema 2020-12 of T */
export function bodySchema<T>(schema: object): PipeTransform<unknown, T> {
  return new BodySchema<T>(ajv.compile(schema));
}

function problemItem({ instancePath, keyword, params, message }: ErrorObject) {
  if (keyword === 'additionalProperties')
    return {
      pointer: `${instancePath}/${escapePointer(params.additionalProperty as string)}`,
      code: 'unknown_field',
      detail: 'There is no such field.',
    };
  return {
    pointer: instancePath,
    code: keyword.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    detail: message ?? 'is not acceptable',
  };
}
