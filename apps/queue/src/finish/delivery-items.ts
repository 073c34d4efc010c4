import { emailBucket, type EventData } from '@penguinmails/contracts';
import type { NewEvent } from '@penguinmails/outbox';

type DeliveryRecorded = 'penguinmails.delivery.recorded.v1';
export type DeliveryItem = EventData<DeliveryRecorded>['items'][number];

/** An item and whose it is. */
export interface Delivery {
  readonly tenantId: string;
  readonly item: DeliveryItem;
}

/** Most items of one event. */
export const ITEMS_PER_EVENT = 350;

/** Most bytes of an event's items: 60 KiB, the rest of the event left out. All of it is ASCII. */
export const BYTES_PER_EVENT = 60 * 1024 - 64;

/**
 * One event per tenant and bucket of the e-mail id, and more where there are too many items; the
 * order of the items is kept.
 */
export function deliveryEvents(deliveries: readonly Delivery[]): NewEvent<DeliveryRecorded>[] {
  const groups = Map.groupBy(
    deliveries,
    ({ tenantId, item }) => `${tenantId}:${emailBucket(item.email_id)}`,
  );
  return [...groups].flatMap(([subject, group]) =>
    split(group.map(({ item }) => item)).map((items) => ({
      type: 'penguinmails.delivery.recorded.v1',
      tenantId: group[0].tenantId,
      subject,
      data: { items },
    })),
  );
}

function split(items: readonly DeliveryItem[]): DeliveryItem[][] {
  const parts: DeliveryItem[][] = [];
  let room = 0;
  for (const item of items) {
    const bytes = JSON.stringify(item).length + 1;
    const isFull = room < bytes || parts.at(-1)?.length === ITEMS_PER_EVENT;
    if (isFull) room = BYTES_PER_EVENT;
    if (isFull) parts.push([]);
    parts.at(-1)?.push(item);
    room -= bytes;
  }
  return parts;
}
