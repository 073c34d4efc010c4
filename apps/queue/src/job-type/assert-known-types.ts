import { unprocessable } from '@penguinmails/http/problem';

/**
 * A worker may ask only for types that are declared.
 * @param what is declared, for the person who reads the refusal: `job type`
 * @throws Problem 422 `unknown_job_type`, with the place of each in the request's `types`
 */
export function assertKnownTypes(
  types: readonly string[],
  declared: { has(type: string): boolean },
  what: string,
): void {
  const unknown = types.flatMap((type, at) => (declared.has(type) ? [] : [at]));
  if (unknown.length === 0) return;
  const errors = unknown.map((at) => ({
    pointer: `/types/${at}`,
    code: 'unknown_job_type',
    detail: `No contract declares this ${what}.`,
  }));
  throw unprocessable(errors, 'unknown_job_type');
}
