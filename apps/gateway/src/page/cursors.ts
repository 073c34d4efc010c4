import type { Secret } from '@penguinmails/config';
import {
  type CursorPosition,
  decodeCursor,
  encodeCursor,
  type ListEnvelope,
  listEnvelope,
} from '@penguinmails/http';
import { badRequest } from '@penguinmails/http/problem';
import type { Page } from '../clients/page.js';

interface Row {
  readonly id: string;
  readonly created_at: string;
}
interface Ends {
  readonly after?: string;
  readonly before?: string;
}
/** A list of one tenant: a cursor of one counts in no other. */
export interface ListScope {
  readonly tenantId: string;
  /** Such as `emails`. */
  readonly resource: string;
}
type KeysetName = `${'after' | 'before'}_${'created_at' | 'id'}`;

/** Opaque page cursors outside, keysets inside. */
export class Cursors {
  constructor(private readonly secret: Secret) {}

  /** The tier's query for a page. @throws Problem 400 `invalid_cursor`, `invalid_parameter` */
  keyset(scope: ListScope, { after, before }: Ends): Partial<Record<KeysetName, string>> {
    if (after !== undefined && before !== undefined)
      throw badRequest('invalid_parameter', 'A page begins either after or before a cursor.');
    return {
      ...(after !== undefined && named('after', decodeCursor(this.secret, after, scope))),
      ...(before !== undefined && named('before', decodeCursor(this.secret, before, scope))),
    };
  }

  /** @param url the path of the list */
  envelope<T extends Row>(
    url: string,
    scope: ListScope,
    { data, has_more }: Page<T>,
    { before }: Ends = {},
  ): ListEnvelope<T> {
    // Newest first, whichever way was paged: backwards goes on before the first row.
    const edge = before === undefined ? data.at(-1) : data.at(0);
    const more = has_more && edge !== undefined;
    return listEnvelope(url, data, more ? this.#cursorOf(scope, edge) : null);
  }

  /** As {@link envelope}, for a list whose tier says itself where the next page begins. */
  envelopeTo<T>(
    url: string,
    scope: ListScope,
    data: readonly T[],
    next: Row | null,
  ): ListEnvelope<T> {
    return listEnvelope(url, data, next && this.#cursorOf(scope, next));
  }

  #cursorOf(scope: ListScope, { created_at: createdAt, id }: Row): string {
    return encodeCursor(this.secret, { ...scope, createdAt, id });
  }
}

function named(end: 'after' | 'before', { createdAt, id }: CursorPosition) {
  return { [`${end}_created_at`]: createdAt, [`${end}_id`]: id };
}
