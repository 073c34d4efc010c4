import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { PROBLEM_MEDIA_TYPE } from '../problem/problem-document.js';
import { ProblemItemSchema, ProblemSchema } from './problem.schema.js';

/**
 * Documents the problems of a route: status → the codes it may carry.
 * `@ApiProblems({ 404: ['not_found'], 409: ['email_not_cancellable'] })`
 */
export function ApiProblems(
  problems: Readonly<Record<number, readonly string[]>>,
): MethodDecorator & ClassDecorator {
  const responses = Object.entries(problems).map(([status, codes]) =>
    ApiResponse({
      status: Number(status),
      description: codes.map((code) => `\`${code}\``).join(', '),
      content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: getSchemaPath(ProblemSchema) } } },
    }),
  );
  return applyDecorators(ApiExtraModels(ProblemSchema, ProblemItemSchema), ...responses);
}
