import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  encodeEvent,
  type EventData,
  type EventType,
  keyOf,
  newId,
  newStorageKey,
  typesConsumedBy,
  typesEmittedBy,
} from '@penguinmails/contracts';
import { corruptedAlarm, missingAlarm } from '../../src/content/content-alarms.js';
import { consumes, emits } from '../../src/content.events.js';
import { referencesAsked } from '../../src/reaper/references-asked.js';
import { ContentParts, input, tenant } from '../integration/content-parts.js';

const EVENTS = join(import.meta.dirname, '../../../../libs/contracts/events');

/** The examples of a type: what its owner promises to send and its readers can handle. */
function examplesOf<T extends EventType>(type: T): [name: string, data: EventData<T>][] {
  const folder = join(EVENTS, type.replace('penguinmails.', ''), 'examples');
  return readdirSync(folder).map((name) => [
    name,
    JSON.parse(readFileSync(join(folder, name), 'utf8')) as EventData<T>,
  ]);
}

describe('what content declares', () => {
  it('is what the contracts say of it', () => {
    expect([...consumes].sort()).toEqual([...typesConsumedBy('content')].sort());
    expect([...emits].sort()).toEqual([...typesEmittedBy('content')].sort());
  });
});

describe('what content consumes', () => {
  let parts: ContentParts;
  beforeAll(async () => {
    parts = await ContentParts.open();
  });
  afterAll(() => parts.close());

  async function stateOf(tenantId: string, storageKey: string): Promise<string> {
    const [row] = await parts.rows<{ state: string; denied: boolean }>(
      `SELECT state, references_denied_at IS NOT NULL AS denied FROM content_objects
       WHERE tenant_id = $1 AND storage_key = $2`,
      [tenantId, storageKey],
    );
    return row.denied ? 'denied' : row.state;
  }

  it.each(examplesOf('penguinmails.email.accepted.v1'))('email.accepted %s', async (_, data) => {
    const a = tenant();
    await parts.put(a, data.storage_key, input());
    await parts.accept(a, data);
    expect(await stateOf(a, data.storage_key)).toBe('attached');
  });

  it.each(examplesOf('penguinmails.content.references_answered.v1'))(
    'content.references_answered %s',
    async (_, data) => {
      const a = tenant();
      for (const key of [...data.held, ...data.denied]) await parts.put(a, key, input());
      await parts.admin.query(
        `UPDATE content_objects SET state = 'condemned', references_asked_at = now() WHERE tenant_id = $1`,
        [a],
      );
      await parts.answer(a, data);
      for (const key of data.held) expect(await stateOf(a, key)).toBe('attached');
      for (const key of data.denied) expect(await stateOf(a, key)).toBe('denied');
    },
  );
});

describe('what content emits', () => {
  const pairs = Array.from({ length: 1200 }, () => ({
    tenantId: newId(),
    storageKey: newStorageKey(),
  }));
  const ofOneTenant = pairs.map(({ storageKey }) => ({ tenantId: pairs[0].tenantId, storageKey }));
  const sameBucket = Array.from({ length: 1200 }, () => ({
    tenantId: pairs[0].tenantId,
    storageKey: `cnt_A${newStorageKey().slice(5)}`,
  }));

  it.each([
    ['content_corrupted', [corruptedAlarm(pairs[0])]],
    ['content_missing', [missingAlarm(pairs[0])]],
    ['questions about many tenants', referencesAsked(pairs.slice(0, 50))],
    ['questions about one tenant', referencesAsked(ofOneTenant)],
    ['questions about one bucket', referencesAsked(sameBucket)],
  ])('%s fits its contract and its examples', (_, events) => {
    for (const event of events) {
      expect(encodeEvent(event.type, event.data)).toBe(JSON.stringify(event.data));
      expect(keyOf<EventType>(event.type, event)).not.toBe('');
      const [, example] = examplesOf<EventType>(event.type)[0];
      expect(Object.keys(event.data).sort()).toEqual(Object.keys(example).sort());
    }
  });

  it('asks about every key once, at most 500 in one event', () => {
    const events = referencesAsked(sameBucket);
    expect(events.map(({ data }) => data.keys.length)).toEqual([500, 500, 200]);
    const keys = referencesAsked(ofOneTenant).flatMap(({ data }) => data.keys);
    expect(keys.sort()).toEqual(ofOneTenant.map(({ storageKey }) => storageKey).sort());
  });
});
