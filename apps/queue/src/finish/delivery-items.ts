import { emailBucket, type EventData } from '@penguinmails/contracts';
import type { NewEvent } from '@penguinmails/outbox';

type DeliveryRecorded = 'penguinmails.delivery.recorded.v1';
export type DeliveryItem = EventData<DeliveryRecorded>['items'][number];

/** An item and whose it is. */
export interface Delivery {
  readonly tenantId: string;
  readonly item: DeliveryItem;
}

/** Most items of one event: 350 of them stay below 60 KiB. */
export const ITEMS_PER_EVENT = 350;

/**
 * One event per tenant and bucket of the e-mail id, and more where there are too many items; the
 * order of the items is kept.
 */
export function deliveryEvents(deliveries: readonly Delivery[]): NewEvent<DeliveryRecorded>[] {
  const groups = Map.groupBy(
    deliveries,
    ({ tenantId, item }) => `${tenantId}:${emailBucket(item.email_id)}`,
  );
  return [...groups].flatMap(([subject, group]) => eventsOf(subject, group));
}

function eventsOf(subject: string, group: readonly Delivery[]): NewEvent<DeliveryRecorded>[] {
  const events: NewEvent<DeliveryRecorded>[] = [];
  for (let from = 0; from < group.length; from += ITEMS_PER_EVENT) {
    const items = group.slice(from, from + ITEMS_PER_EVENT).map(({ item }) => item);
    events.push({
      type: 'penguinmails.delivery.recorded.v1',
      tenantId: group[0].tenantId,
      subject,
      data: { items },
    });
  }
  return events;
}
