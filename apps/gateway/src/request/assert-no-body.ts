import { unprocessable } from '@penguinmails/http/problem';

/** For routes whose path says everything. @throws Problem 422 for any body but none or `{}` */
export function assertNoBody(body: unknown): void {
  if (body === undefined || body === null) return;
  if (typeof body === 'object' && !Array.isArray(body) && Object.keys(body).length === 0) return;
  throw unprocessable([
    { pointer: '', code: 'unknown_field', detail: 'The route takes no fields.' },
  ]);
}
