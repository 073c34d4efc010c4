import { storageKeyBucket } from '@penguinmails/contracts';
import type { NewEvent } from '@penguinmails/outbox';
import type { ContentPair } from '../content/content-pair.js';

type ReferencesAsked = NewEvent<'penguinmails.content.references_asked.v1'>;

/** Keys of one event (its schema). */
const MAX_KEYS = 500;

/** The questions to oltp: one tenant and one bucket of keys an event, so that each has one Kafka key. */
export function referencesAsked(pairs: readonly ContentPair[]): ReferencesAsked[] {
  const buckets = new Map<string, ContentPair[]>();
  for (const pair of pairs) {
    const name = `${pair.tenantId}:${storageKeyBucket(pair.storageKey)}`;
    buckets.set(name, [...(buckets.get(name) ?? []), pair]);
  }
  return [...buckets].flatMap(([subject, bucket]) =>
    chunks(bucket).map((chunk): ReferencesAsked => {
      const keys = chunk.map(({ storageKey }) => storageKey);
      const { tenantId } = chunk[0];
      return {
        type: 'penguinmails.content.references_asked.v1',
        tenantId,
        subject,
        data: { keys },
      };
    }),
  );
}

function chunks<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / MAX_KEYS);
  return Array.from({ length: count }, (_, at) => items.slice(at * MAX_KEYS, (at + 1) * MAX_KEYS));
}
