/** Filter and keyset of a page of parked events; null: any. */
export interface ParkedEventPage {
  readonly topic: string | null;
  readonly key: string | null;
  readonly state: ParkedEventState | null;
  readonly after: { readonly createdAt: string; readonly id: string } | null;
  readonly limit: number;
}

export const parkedEventStates = ['retrying', 'waiting', 'dead'] as const;
export type ParkedEventState = (typeof parkedEventStates)[number];

/** What became of a wish. */
export type ParkedEventAnswer =
  | { readonly kind: 'done'; readonly event: object }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'wrong_state' }
  | { readonly kind: 'busy' };

interface Audit {
  readonly actorId: string;
  readonly requestId: string;
}

/**
 * What {@link ParkedEventController} needs of a tier. The outbox library's ParkedDesk is one; this
 * library may not know it, so a tier says `{ provide: ParkedEventDesk, useExisting: ParkedDesk }`.
 */
export abstract class ParkedEventDesk {
  abstract list(
    page: ParkedEventPage,
  ): Promise<{ readonly data: readonly object[]; readonly has_more: boolean }>;
  abstract find(id: string): Promise<object | undefined>;
  abstract retry(id: string, audit: Audit): Promise<ParkedEventAnswer>;
  abstract discard(id: string, audit: Audit): Promise<ParkedEventAnswer>;
  abstract replay(id: string, audit: Audit): Promise<ParkedEventAnswer>;
}
