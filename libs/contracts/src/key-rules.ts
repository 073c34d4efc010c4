/**
 * How the Kafka key of an event type is made. Kafka keeps order per key only.
 * - `field`: the value of one field of the data (an aggregate id)
 * - `email_bucket`: `<tenant>:<bucket of items[].email_id>`
 * - `storage_key_bucket`: `<tenant>:<bucket of the keys in the named lists>`
 */
export type KeyRule =
  | { readonly rule: 'field'; readonly field: string }
  | { readonly rule: 'email_bucket' }
  | { readonly rule: 'storage_key_bucket'; readonly lists: readonly string[] };

/** The event has no key, or its items would need different ones. A fault of the writer. */
export class EventKeyError extends Error {
  override readonly name = 'EventKeyError';
}

const BUCKET_MASK = 7;
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Bucket 0-7 of an e-mail: the low three bits of its id. */
export function emailBucket(emailId: string): number {
  return Number.parseInt(emailId.slice(-1), 16) & BUCKET_MASK;
}

/** Bucket 0-7 of a content key: the low three bits of its first random character. */
export function storageKeyBucket(storageKey: string): number {
  return BASE64URL.indexOf(storageKey[4]) & BUCKET_MASK;
}

/**
 * @returns the key of one event
 * @throws EventKeyError when the data yields no key, or more than one bucket
 */
export function applyKeyRule(rule: KeyRule, tenantId: string, data: unknown): string {
  const fields = data as Readonly<Record<string, unknown>>;
  switch (rule.rule) {
    case 'field':
      return fieldKey(fields[rule.field]);
    case 'email_bucket':
      return bucketKey(tenantId, emailIds(fields.items), emailBucket);
    case 'storage_key_bucket':
      return bucketKey(tenantId, storageKeys(fields, rule.lists), storageKeyBucket);
  }
}

function fieldKey(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new EventKeyError('the key field is empty');
  return value;
}

function emailIds(items: unknown): string[] {
  return (items as readonly { email_id: string }[]).map((item) => item.email_id);
}

function storageKeys(
  fields: Readonly<Record<string, unknown>>,
  lists: readonly string[],
): readonly string[] {
  return lists.flatMap((list) => fields[list] as readonly string[]);
}

function bucketKey(
  tenantId: string,
  ids: readonly string[],
  bucketOf: (id: string) => number,
): string {
  if (ids.length === 0) throw new EventKeyError('an event without items has no key');
  const bucket = bucketOf(ids[0]);
  if (ids.some((id) => bucketOf(id) !== bucket)) {
    throw new EventKeyError('the items of one event must share one bucket');
  }
  return `${tenantId}:${bucket}`;
}
