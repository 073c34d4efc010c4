import type { OpenAPIObject } from '@nestjs/swagger';
import type { RouteAccess } from '@penguinmails/http';
import { PROBLEM_MEDIA_TYPE } from '@penguinmails/http/problem';

export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Codes = Readonly<Record<number, readonly string[]>>;

const SCHEMA = { $ref: '#/components/schemas/ProblemSchema' };
const EVERY: Codes = { 400: ['unknown_parameter'], 500: ['internal_error'] };
const WITH_KEY: Codes = {
  400: ['credential_in_query'],
  401: ['unauthorized'],
  403: ['wrong_credential_kind', 'tenant_suspended', 'tenant_not_active'],
  429: ['tenant_busy'],
  503: ['tier_unavailable'],
};
const WITH_SCOPES: Codes = { 403: ['scope_missing'] };
const WITH_VALUES: Codes = { 400: ['invalid_parameter'] };
const WITH_BODY: Codes = {
  400: ['malformed_json', 'json_too_deep'],
  413: ['body_too_large'],
  415: ['unsupported_media_type'],
  422: ['validation_failed'],
};
const WITH_IDEMPOTENCY: Codes = { 400: ['invalid_idempotency_key'] };

/** Adds the problems that follow from a route's kind to those that it names itself. */
export function addProblems(operation: Operation, access: RouteAccess, hasBody: boolean): void {
  const parameters = JSON.stringify(operation.parameters ?? []);
  const sources = [
    EVERY,
    ...(access.kind === 'public' ? [] : [WITH_KEY]),
    ...('scopes' in access ? [WITH_SCOPES] : []),
    ...(parameters.includes('"in":"query"') ? [WITH_VALUES] : []),
    ...(hasBody ? [WITH_BODY] : []),
    ...(parameters.includes('Idempotency-Key') ? [WITH_IDEMPOTENCY] : []),
  ];
  for (const codes of sources)
    for (const [status, names] of Object.entries(codes)) addCodes(operation, status, names);
}

/** The codes of a status stand in its description, as `ApiProblems` writes them. */
function addCodes({ responses }: Operation, status: string, codes: readonly string[]): void {
  const there = responses[status];
  const known = there && 'description' in there ? [there.description] : [];
  const description = [...known, ...codes.map((code) => `\`${code}\``)].join(', ');
  responses[status] = { description, content: { [PROBLEM_MEDIA_TYPE]: { schema: SCHEMA } } };
}
