import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type EventData,
  type EventType,
  newId,
  typesConsumedBy,
  typesEmittedBy,
  validateEvent,
} from '@penguinmails/contracts';
import { SystemDatabase, TenantDatabase } from '@penguinmails/database';
import type { ReceivedEvent } from '@penguinmails/outbox';
import { OnContentReferencesAsked } from '../../src/consistency/on-content-references-asked.js';
import { acceptanceEvents } from '../../src/email/acceptance-events.js';
import type { EmailFact } from '../../src/email/email.js';
import { emailEvent } from '../../src/email/email-events.js';
import type { EmailRow } from '../../src/email/email-row.js';
import { OnDeliveryRecorded } from '../../src/email/on-delivery-recorded.js';
import { consumes, emits } from '../../src/oltp.events.js';
import { OltpParts, type TestTenant } from '../integration/oltp-parts.js';

const EVENTS = join(import.meta.dirname, '../../../../libs/contracts/events');

/** The examples of a type: what its owner promises to send and its readers can handle. */
function examplesOf<T extends EventType>(type: T): [name: string, data: EventData<T>][] {
  const folder = join(EVENTS, type.replace('penguinmails.', ''), 'examples');
  return readdirSync(folder).map((name) => [
    name,
    JSON.parse(readFileSync(join(folder, name), 'utf8')) as EventData<T>,
  ]);
}

function received<T extends EventType>(
  type: T,
  tenantId: string,
  data: EventData<T>,
): ReceivedEvent<T> {
  const unset = { entityVersion: null, correlationId: null, causationId: null, traceparent: null };
  return { id: newId(), type, tenantId, subject: tenantId, time: new Date(), data, ...unset };
}

describe('what oltp declares', () => {
  it('is what the contracts say of it', () => {
    expect([...consumes].sort()).toEqual([...typesConsumedBy('oltp')].sort());
    expect([...emits].sort()).toEqual([...typesEmittedBy('oltp')].sort());
  });
});

describe('what oltp emits about an e-mail', () => {
  const facts: EmailFact[] = [
    'scheduled',
    'queued',
    'sent',
    'delivered',
    'delivery_delayed',
    'bounced',
    'failed',
    'suppressed',
    'cancelled',
  ];
  const subject = {
    tenantId: newId(),
    id: newId(),
    mode: 'live',
    mailboxId: newId(),
    version: 2,
  } as const;
  const report = { attempt: 2, code: 451, enhancedCode: '4.3.0', errorCode: null };

  it.each(facts)('email.%s has the fields of its example', (fact) => {
    const { type, data } = emailEvent(fact, subject, new Date(), report);
    expect(type).toBe(`penguinmails.email.${fact}.v1`);
    validateEvent(type, data);
    for (const [, example] of examplesOf(type))
      expect(Object.keys(data).sort()).toEqual(Object.keys(example).sort());
  });

  it.each([
    ['queued', ['email.accepted', 'email.queued']],
    ['scheduled', ['email.accepted', 'email.scheduled']],
    ['suppressed', ['content.references_answered', 'email.suppressed']],
  ] as const)('at acceptance as %s', (status, types) => {
    const row = {
      id: newId(),
      mode: 'test',
      mailbox_id: newId(),
      content_storage_key: `cnt_${'a'.repeat(22)}`,
      size_bytes: 3,
      status,
      scheduled_at: new Date(),
      created_at: new Date(),
      row_version: 1,
    } as EmailRow;
    const events = acceptanceEvents(newId(), row, 'a'.repeat(32));
    expect(events.map(({ type }) => type)).toEqual(types.map((type) => `penguinmails.${type}.v1`));
    for (const { type, data } of events) {
      validateEvent(type, data);
      const [, example] = examplesOf<EventType>(type)[0];
      expect(Object.keys(data).sort()).toEqual(Object.keys(example).sort());
    }
  });
});

describe('what oltp consumes', () => {
  let parts: OltpParts;
  let tenant: TestTenant;
  beforeAll(async () => {
    parts = await OltpParts.open();
    tenant = await parts.newTenant();
  });
  afterAll(() => parts.close());

  it.each(examplesOf('penguinmails.delivery.recorded.v1'))(
    'delivery.recorded %s',
    async (_name, { items }) => {
      // A bounce of another example would suppress the recipient.
      const tenant = await parts.newTenant();
      const known = new Map<string, string>();
      for (const { email_id } of items) known.set(email_id, await parts.accept(tenant));
      await parts.begin(tenant, [...known.values()]);
      const own = items.map((item) => ({ ...item, email_id: known.get(item.email_id)! }));
      const event = received('penguinmails.delivery.recorded.v1', tenant.id, { items: own });
      await parts
        .get(SystemDatabase)
        .transaction((tx) => parts.get(OnDeliveryRecorded).handle([event], tx));
      const last = new Map(own.map((item) => [item.email_id, item]));
      for (const [id, item] of last)
        expect(await parts.status(id)).toBe(
          item.class === 'deferred' && item.final ? 'failed' : item.class,
        );
    },
  );

  it.each(examplesOf('penguinmails.content.references_asked.v1'))(
    'content.references_asked %s',
    async (_name, data) => {
      const [held] = data.keys;
      await parts.accept(tenant, { storageKey: held });
      await parts.takeEvents();
      const event = received('penguinmails.content.references_asked.v1', tenant.id, data);
      await parts
        .get(TenantDatabase)
        .transaction(tenant.id, (tx) => parts.get(OnContentReferencesAsked).handle([event], tx));
      const [answer] = await parts.takeEvents();
      expect(answer.data).toEqual({
        held: [held],
        denied: data.keys.filter((key) => key !== held),
      });
    },
  );
});
