import { describe, expect, it } from '@jest/globals';
import { contractFolders } from '../test/contract-examples.js';
import {
  consumersOf,
  declarationOf,
  emittersOf,
  eventTypes,
  isEventType,
  keyOf,
  ownerOf,
  topicOf,
  topicsOf,
  topicsOfAll,
  typesConsumedBy,
  typesEmittedBy,
  typesOn,
} from './event-registry.js';
import type { EventData, EventType } from './event-types.js';
import { newEmailId, newId, newStorageKey } from './ids.js';
import { emailBucket, EventKeyError, storageKeyBucket } from './key-rules.js';
import { systemEventFingerprint } from './system-events.js';
import { tiers } from './tiers.js';
import { deadLetterTopic, topics } from './topics.js';

const folders = contractFolders();
const tenantId = newId();
const DAY_MS = 86_400_000;

describe('the registry of events', () => {
  it('has one entry for each folder, under the name of the folder', () => {
    expect([...eventTypes].sort()).toEqual(folders.map(({ type }) => type).sort());
    expect(eventTypes.map((type) => declarationOf(type).type)).toEqual(eventTypes);
  });

  it.each(folders)('agrees with folder $folder', ({ folder, type, schema, meta }) => {
    const { retention_days: retentionDays, ...rest } = meta;
    expect(declarationOf(type)).toEqual({ type, ...rest, retentionDays });
    expect(schema.$id).toBe(`urn:penguinmails:event:${folder}`);
    expect(schema.title).toBe(titleOf(folder));
    expect(folder).toMatch(/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*\.v[1-9]$/);
  });

  it('knows its types', () => {
    expect(isEventType('penguinmails.email.sent.v1')).toBe(true);
    expect(isEventType('penguinmails.email.sent.v2')).toBe(false);
    expect(isEventType('toString')).toBe(false);
  });
});

describe('topics', () => {
  it('are listed once and named by visibility and owner', () => {
    expect(new Set(topics.map(({ name }) => name)).size).toBe(topics.length);
    for (const { name, visibility, owner } of topics) {
      const prefix = { public: 'public.', internal: `internal.${owner}.`, dlq: `dlq.${owner}.` };
      expect(name.startsWith(`penguinmails.${prefix[visibility]}`)).toBe(true);
      expect(name).toMatch(/^[a-z.]+\.v1$/);
    }
  });

  it.each(folders)('hold $type as long as it says, for its owner', ({ type }) => {
    const { visibility, retentionDays } = declarationOf(type);
    for (const emitter of emittersOf(type)) {
      expect(topics).toContainEqual(
        expect.objectContaining({
          name: topicOf(type, emitter),
          owner: emitter,
          visibility,
          retentionMs: retentionDays * DAY_MS,
        }),
      );
    }
  });

  it('are all used: by an event type, or as dead letters of a tier that consumes', () => {
    const used = topicsOfAll(eventTypes);
    const consuming = tiers.filter((tier) => typesConsumedBy(tier).length > 0);
    expect(topics.map(({ name }) => name).sort()).toEqual(
      [...used, ...consuming.map(deadLetterTopic)].sort(),
    );
  });

  it('keep dead letters 30 days', () => {
    const dead = topics.filter(({ visibility }) => visibility === 'dlq');
    expect(dead.map(({ retentionMs }) => retentionMs)).toEqual(dead.map(() => 30 * DAY_MS));
  });

  it('keep the order of what happens to one e-mail on one topic', () => {
    expect(typesOn('penguinmails.internal.oltp.emails.v1')).toEqual([
      'penguinmails.email.accepted.v1',
      'penguinmails.email.withdrawn.v1',
    ]);
    expect(typesOn('penguinmails.public.email.events.v1')).toHaveLength(9);
  });

  it('depend on the emitting tier for admin events', () => {
    const type = 'penguinmails.system.event_raised.v1';
    expect(topicOf(type, 'content')).toBe('penguinmails.internal.content.system.v1');
    expect(() => topicOf(type)).toThrow(TypeError);
    expect(topicsOf(type)).toHaveLength(tiers.length);
    expect(ownerOf(type)).toBe('any');
  });
});

describe('consumers and emitters', () => {
  it('are as the catalogue of events says', () => {
    expect(consumersOf('penguinmails.email.accepted.v1')).toEqual(['content', 'queue', 'olap']);
    expect(typesConsumedBy('content')).toEqual([
      'penguinmails.content.references_answered.v1',
      'penguinmails.email.accepted.v1',
    ]);
    expect(typesConsumedBy('oltp')).toEqual([
      'penguinmails.content.references_asked.v1',
      'penguinmails.delivery.recorded.v1',
    ]);
    expect(typesEmittedBy('queue')).toEqual([
      'penguinmails.delivery.recorded.v1',
      'penguinmails.job_group.finished.v1',
      'penguinmails.system.event_raised.v1',
    ]);
  });

  it('exist for every type but those that wait for their first consumer', () => {
    const waiting: EventType[] = ['penguinmails.job_group.finished.v1'];
    for (const type of eventTypes) {
      expect(consumersOf(type).length === 0).toBe(waiting.includes(type));
      expect(emittersOf(type).length).toBeGreaterThan(0);
    }
  });
});

describe('keyOf', () => {
  it.each(folders)('gives every example of $type a key that is not the tenant', (folder) => {
    for (const { data } of folder.examples) {
      const key = keyOf(folder.type, { tenantId, data });
      expect(key).not.toBe('');
      expect(key).not.toBe(tenantId);
    }
  });

  const byEmail = folders.filter(({ folder }) => folder.startsWith('email.'));
  it.each(byEmail)('is the e-mail for $type', ({ type, examples }) => {
    for (const { data } of examples) {
      expect(keyOf(type, { tenantId, data })).toBe((data as { email_id: string }).email_id);
    }
  });

  it('is the tenant for the life of tenants and the fingerprint for admin events', () => {
    expect(keyOfExample('penguinmails.tenant.created.v1', 'tenant_id')).toBe(true);
    expect(keyOfExample('penguinmails.system.event_raised.v1', 'fingerprint')).toBe(true);
  });

  it('is tenant and bucket for delivery outcomes', () => {
    const ids = emailIdsOfBucket(5);
    expect(keyOf('penguinmails.delivery.recorded.v1', delivered(...ids))).toBe(`${tenantId}:5`);
  });

  it('refuses items of several buckets, and none', () => {
    const ids = [...emailIdsOfBucket(0), ...emailIdsOfBucket(1)];
    const key = (emailIds: string[]) => () =>
      keyOf('penguinmails.delivery.recorded.v1', delivered(...emailIds));
    expect(key(ids)).toThrow(EventKeyError);
    expect(key([])).toThrow(EventKeyError);
  });

  it('is tenant and bucket for content keys, over both lists', () => {
    const [held, denied] = storageKeysOfBucket(3);
    const type = 'penguinmails.content.references_answered.v1';
    const key = (data: EventData<typeof type>) => keyOf(type, { tenantId, data });
    expect(key({ held: [held], denied: [denied] })).toBe(`${tenantId}:3`);
    expect(key({ held: [], denied: [denied] })).toBe(`${tenantId}:3`);
    const [other] = storageKeysOfBucket(4);
    expect(() => key({ held: [held], denied: [other] })).toThrow(EventKeyError);
  });
});

describe('buckets', () => {
  it('spread evenly over 0 to 7', () => {
    const emails = Array.from({ length: 8000 }, () => emailBucket(newEmailId()));
    const contents = Array.from({ length: 8000 }, () => storageKeyBucket(newStorageKey()));
    for (const buckets of [emails, contents]) {
      expect([...new Set(buckets)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      const counts = [...new Set(buckets)].map((b) => buckets.filter((x) => x === b).length);
      expect(Math.min(...counts)).toBeGreaterThan(700);
    }
  });
});

describe('systemEventFingerprint', () => {
  const identity = { eventType: 'a', subjectKind: 'b', subjectId: 'c', tenantId };

  it('is equal for equal identities only and fits the schema', () => {
    const fingerprint = systemEventFingerprint(identity);
    expect(fingerprint).toMatch(/^[0-9a-f]{32}$/);
    expect(systemEventFingerprint({ ...identity })).toBe(fingerprint);
    for (const field of ['eventType', 'subjectKind', 'subjectId', 'tenantId']) {
      expect(systemEventFingerprint({ ...identity, [field]: 'z' })).not.toBe(fingerprint);
    }
    expect(systemEventFingerprint({ ...identity, subjectId: null })).not.toBe(fingerprint);
  });
});

/** `email.delivery_delayed.v1` → `EmailDeliveryDelayedV1`. */
function titleOf(folder: string): string {
  return folder.replaceAll(/(^|[._])([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}

function keyOfExample(type: EventType, field: string): boolean {
  const examples = folders.find((folder) => folder.type === type)?.examples ?? [];
  return examples.every(
    ({ data }) =>
      keyOf(type, { tenantId, data }) === (data as never as Record<string, string>)[field],
  );
}

function delivered(...emailIds: string[]) {
  const items = emailIds.map((email_id) => ({ email_id }));
  return { tenantId, data: { items } as EventData<'penguinmails.delivery.recorded.v1'> };
}

function emailIdsOfBucket(bucket: number): string[] {
  return ofBucket(newEmailId, emailBucket, bucket);
}

function storageKeysOfBucket(bucket: number): string[] {
  return ofBucket(newStorageKey, storageKeyBucket, bucket);
}

/** Two fresh ids of the wanted bucket. */
function ofBucket(make: () => string, bucketOf: (id: string) => number, bucket: number): string[] {
  const found: string[] = [];
  while (found.length < 2) {
    const id = make();
    if (bucketOf(id) === bucket) found.push(id);
  }
  return found;
}
