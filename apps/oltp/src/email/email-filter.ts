import { badRequest } from '@penguinmails/http/problem';
import type { ListEmailsQuery } from './email.requests.js';
import type { EmailFilter, Keyset } from './email.repository.js';

/** @throws Problem 400 `invalid_parameter` for half a keyset, or for both directions at once */
export function filterOf(query: ListEmailsQuery): EmailFilter {
  const after = keysetOf(query.after_created_at, query.after_id);
  const before = keysetOf(query.before_created_at, query.before_id);
  if (after && before)
    throw badRequest('invalid_parameter', 'A page begins either after or before a row.');
  return {
    limit: query.limit,
    after,
    before,
    status: query.status,
    createdAfter: dateOf(query.created_after),
    createdBefore: dateOf(query.created_before),
  };
}

function keysetOf(createdAt?: string, id?: string): Keyset | undefined {
  if (createdAt === undefined && id === undefined) return undefined;
  if (createdAt === undefined || id === undefined)
    throw badRequest('invalid_parameter', 'A page begins at a time and an id together.');
  return { createdAt: new Date(createdAt), id };
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
