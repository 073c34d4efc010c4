import { Problem } from '@penguinmails/http/problem';

/** True when a tier will never take what was sent, as opposed to being away or busy for a while. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Problem && [400, 404, 409, 413, 422].includes(error.status);
}
