import { chunkItems, emailBucket, type EventData } from '@penguinmails/contracts';
import type { NewEvent } from '@penguinmails/outbox';

type DeliveryRecorded = 'penguinmails.delivery.recorded.v1';
export type DeliveryItem = EventData<DeliveryRecorded>['items'][number];

/** An item and whose it is. */
export interface Delivery {
  readonly tenantId: string;
  readonly item: DeliveryItem;
}

/** As the schema says; fewer where they would not fit into 60 KiB. */
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
  return [...groups].flatMap(([subject, group]) => {
    const items = group.map(({ item }) => item);
    return chunkItems(items, ITEMS_PER_EVENT).map((chunk) => ({
      type: 'penguinmails.delivery.recorded.v1' as const,
      tenantId: group[0].tenantId,
      subject,
      data: { items: chunk },
    }));
  });
}
