import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type EventData,
  newEmailId,
  newId,
  newStorageKey,
  storageKeyBucket,
} from '@penguinmails/contracts';
import { SystemDatabase, TenantDatabase } from '@penguinmails/database';
import type { ReceivedEvent } from '@penguinmails/outbox';
import { OnContentReferencesAsked } from '../../src/consistency/on-content-references-asked.js';
import { EmailSystemRepository } from '../../src/email/email.system.repository.js';
import { OnDeliveryRecorded } from '../../src/email/on-delivery-recorded.js';
import { OltpParts, type TestTenant } from './oltp-parts.js';

type Recorded = 'penguinmails.delivery.recorded.v1';
type Item = EventData<Recorded>['items'][number];

let parts: OltpParts;
let tenant: TestTenant;
let other: TestTenant;

beforeAll(async () => {
  parts = await OltpParts.open();
  [tenant, other] = [await parts.newTenant(), await parts.newTenant()];
  await parts.takeEvents();
});
afterAll(() => parts.close());
afterEach(() => parts.takeEvents());

const item = (emailId: string, change: Partial<Item> = {}): Item => ({
  email_id: emailId,
  attempt: 1,
  class: 'delivered',
  final: true,
  code: 250,
  enhanced_code: '2.0.0',
  error_code: null,
  occurred_at: '2026-11-22T10:00:00.000Z',
  ...change,
});

const recorded = (tenantId: string, ...items: Item[]): ReceivedEvent<Recorded> => ({
  id: newId(),
  type: 'penguinmails.delivery.recorded.v1',
  tenantId,
  subject: tenantId,
  time: new Date(),
  data: { items },
  entityVersion: null,
  correlationId: null,
  causationId: null,
  traceparent: null,
});

/** As the slice runner hands events over: one transaction of the system login. */
const handle = (...events: ReceivedEvent<Recorded>[]): Promise<void> =>
  parts.get(SystemDatabase).transaction((tx) => parts.get(OnDeliveryRecorded).handle(events, tx));

const begun = async (of: TestTenant, to?: string): Promise<string> => {
  const id = await parts.accept(of, to ? { to } : {});
  await parts.begin(of, [id]);
  await parts.takeEvents();
  return id;
};

const rowOf = async (id: string) => {
  const [row] = await parts.rows<Record<string, unknown>>(
    `SELECT status, attempt, finished_at, last_error_code, row_version FROM emails WHERE id = $1`,
    [id],
  );
  return row;
};

const factsOf = async (id: string): Promise<string[]> => {
  const events = await parts.takeEvents();
  return events.filter(({ key }) => key === id).map(({ type }) => type.split('.')[2]);
};

describe('outcomes of attempts', () => {
  it('of several tenants and e-mails are applied in one slice', async () => {
    const [a, b, c] = [await begun(tenant), await begun(tenant), await begun(other)];
    const bounce = { class: 'bounced', code: 552, enhanced_code: '5.2.2' } as const;
    await handle(recorded(tenant.id, item(a), item(b, bounce)), recorded(other.id, item(c)));
    expect(await rowOf(a)).toMatchObject({ status: 'delivered', last_error_code: null });
    expect(await rowOf(b)).toMatchObject({ status: 'bounced', last_error_code: 'smtp_552' });
    expect(await rowOf(c)).toMatchObject({ status: 'delivered' });
    const events = await parts.takeEvents();
    expect(events.map(({ type, tenant_id }) => [type, tenant_id])).toEqual([
      ['penguinmails.email.delivered.v1', tenant.id],
      ['penguinmails.email.bounced.v1', tenant.id],
      ['penguinmails.email.delivered.v1', other.id],
    ]);
    expect(events[1].data).toEqual({
      email_id: b,
      mode: 'live',
      mailbox_id: tenant.mailboxId,
      attempt: 1,
      code: 552,
      enhanced_code: '5.2.2',
      error_code: null,
      occurred_at: '2026-11-22T10:00:00.000Z',
    });
  });

  it('of one e-mail follow each other within a slice', async () => {
    const id = await begun(tenant);
    const deferred = item(id, { class: 'deferred', final: false, code: 451, enhanced_code: null });
    await handle(
      recorded(tenant.id, deferred),
      recorded(tenant.id, item(id, { attempt: 2 })),
      recorded(tenant.id, { ...deferred, attempt: 3 }),
    );
    expect(await rowOf(id)).toMatchObject({ status: 'delivered', attempt: 2 });
    expect(await factsOf(id)).toEqual(['delivery_delayed', 'delivered']);
  });

  it('have no second effect when they are told again', async () => {
    const id = await begun(tenant);
    const deferred = item(id, { class: 'deferred', final: false, code: 451 });
    await handle(recorded(tenant.id, deferred));
    const before = await rowOf(id);
    await parts.takeEvents();
    await handle(recorded(tenant.id, deferred), recorded(tenant.id, deferred));
    expect(await rowOf(id)).toEqual(before);
    expect(await factsOf(id)).toEqual([]);
    await handle(recorded(tenant.id, item(id)));
    const finished = await rowOf(id);
    await handle(recorded(tenant.id, item(id, { class: 'bounced', attempt: 9 })));
    expect(await rowOf(id)).toEqual(finished);
  });

  it('of an attempt before the last one begun are ignored', async () => {
    const id = await begun(tenant);
    await handle(recorded(tenant.id, item(id, { class: 'deferred', final: false, code: 451 })));
    await parts.begin(tenant, [id], 2);
    await handle(recorded(tenant.id, item(id, { class: 'failed', attempt: 1 })));
    expect(await rowOf(id)).toMatchObject({ status: 'sending', attempt: 2 });
  });

  it('that are unknown leave the e-mail unknown: delayed first, failed when final', async () => {
    const id = await begun(tenant);
    const lost = { class: 'unknown', code: null, enhanced_code: null } as const;
    await handle(recorded(tenant.id, item(id, { ...lost, final: false })));
    expect(await rowOf(id)).toMatchObject({ status: 'unknown', finished_at: null });
    const [delayed] = await parts.takeEvents();
    expect(delayed.type).toBe('penguinmails.email.delivery_delayed.v1');
    expect(delayed.data.error_code).toBe('outcome_unknown');
    const [again] = await parts.begin(tenant, [id], 2);
    expect(again.decision).toBe('send');
    await handle(recorded(tenant.id, item(id, { ...lost, final: true, attempt: 2 })));
    expect(await rowOf(id)).toMatchObject({ status: 'unknown', finished_at: expect.any(Date) });
    const [failed] = await parts.takeEvents();
    expect(failed.type).toBe('penguinmails.email.failed.v1');
    expect(failed.data.error_code).toBe('outcome_unknown');
    expect(await parts.begin(tenant, [id], 2)).toEqual([
      { email_id: id, decision: 'refuse', reason: 'finished' },
    ]);
  });

  it('of a job that was redriven count: the e-mail is open again under the next number', async () => {
    const id = await begun(tenant);
    await handle(recorded(tenant.id, item(id, { class: 'failed', code: null })));
    expect(await rowOf(id)).toMatchObject({ status: 'failed', finished_at: expect.any(Date) });
    await parts.takeEvents();
    const [again] = await parts.begin(tenant, [id], 2);
    expect(again.decision).toBe('send');
    expect(await rowOf(id)).toMatchObject({ status: 'sending', attempt: 2, finished_at: null });
    await handle(recorded(tenant.id, item(id, { attempt: 2 })));
    expect(await rowOf(id)).toMatchObject({ status: 'delivered', finished_at: expect.any(Date) });
    const events = await parts.takeEvents();
    expect(events.map(({ type }) => type)).toEqual(['penguinmails.email.delivered.v1']);
  });

  it('of a job that was cancelled while it waited end the e-mail', async () => {
    const id = await begun(tenant);
    await handle(recorded(tenant.id, item(id, { class: 'deferred', final: false, code: 451 })));
    const cancelled = { class: 'cancelled', code: null, enhanced_code: null, attempt: 2 } as const;
    await handle(recorded(tenant.id, item(id, cancelled)));
    expect(await rowOf(id)).toMatchObject({ status: 'cancelled', finished_at: expect.any(Date) });
  });

  it('that say the address is wrong suppress it, in its mode and tenant only', async () => {
    const to = 'nobody@customer.example';
    const id = await begun(tenant, to);
    const hard = { class: 'bounced', code: 550, enhanced_code: '5.1.1' } as const;
    await handle(recorded(tenant.id, item(id, hard)));
    const rows = await parts.rows<Record<string, unknown>>(
      'SELECT tenant_id, mode, address, reason FROM suppressions WHERE source_email_id = $1',
      [id],
    );
    expect(rows).toEqual([
      { tenant_id: tenant.id, mode: 'live', address: to, reason: 'hard_bounce' },
    ]);
    expect(await parts.status(await parts.accept(tenant, { to }))).toBe('suppressed');
    expect(await parts.status(await parts.accept(other, { to }))).toBe('queued');
  });

  it('under the tenant of another have no effect, whichever statement they reach', async () => {
    const id = await begun(tenant);
    await handle(recorded(other.id, item(id)), recorded(newId(), item(newEmailId())));
    expect(await rowOf(id)).toMatchObject({ status: 'sending' });
    expect(await parts.takeEvents()).toEqual([]);
    const emails = parts.get(EmailSystemRepository);
    const pair = { tenantId: other.id, id };
    const change = { status: 'bounced', attempt: 1, begun: true, finished: true } as const;
    await parts.get(SystemDatabase).transaction(async (tx) => {
      expect(await emails.lock(tx, [pair])).toEqual([]);
      const occurredAt = new Date();
      await emails.recordOutcomes(tx, [{ ...pair, ...change, errorCode: null, occurredAt }]);
      await emails.suppressRecipients(tx, [pair]);
    });
    expect(await rowOf(id)).toMatchObject({ status: 'sending' });
    expect(await parts.rows('SELECT 1 FROM suppressions WHERE source_email_id = $1', [id])).toEqual(
      [],
    );
  });

  it('of a class that a later version knows are left to it', async () => {
    const id = await begun(tenant);
    const later = item(id, { class: 'teleported' as never });
    await expect(handle(recorded(tenant.id, later))).rejects.toThrow('later version');
    expect(await rowOf(id)).toMatchObject({ status: 'sending' });
  });
});

describe('questions of content about its keys', () => {
  type Asked = 'penguinmails.content.references_asked.v1';
  const inBucketOf = (key: string): string => {
    let candidate = newStorageKey();
    while (storageKeyBucket(candidate) !== storageKeyBucket(key)) candidate = newStorageKey();
    return candidate;
  };
  const ask = (tenantId: string, ...questions: string[][]): Promise<void> => {
    const events = questions.map((keys): ReceivedEvent<Asked> => ({
      ...recorded(tenantId),
      type: 'penguinmails.content.references_asked.v1',
      subject: keys[0],
      data: { keys },
    }));
    return parts
      .get(TenantDatabase)
      .transaction(tenantId, (tx) => parts.get(OnContentReferencesAsked).handle(events, tx));
  };

  it('are answered each with what is held and what is not', async () => {
    const held = newStorageKey();
    await parts.accept(tenant, { storageKey: held });
    const step = newStorageKey();
    const campaignId = newId();
    await parts.admin.query(
      `INSERT INTO campaigns (tenant_id, id, name) VALUES ($1, $2, 'Spring')`,
      [tenant.id, campaignId],
    );
    await parts.admin.query(
      `INSERT INTO campaign_steps (tenant_id, campaign_id, position, subject, content_storage_key)
       VALUES ($1, $2, 1, 'Hello', $3)`,
      [tenant.id, campaignId, step],
    );
    await parts.takeEvents();
    const [strange, orphan] = [inBucketOf(held), inBucketOf(step)];
    await ask(tenant.id, [held, strange], [orphan, step]);
    const events = await parts.takeEvents();
    expect(events.map(({ data }) => data)).toEqual([
      { held: [held], denied: [strange] },
      { held: [step], denied: [orphan] },
    ]);
    expect(events[0].key).toBe(`${tenant.id}:${storageKeyBucket(held)}`);
  });

  it('know nothing of the keys of another tenant', async () => {
    const key = newStorageKey();
    await parts.accept(tenant, { storageKey: key });
    await parts.takeEvents();
    await ask(other.id, [key]);
    const [answer] = await parts.takeEvents();
    expect(answer.data).toEqual({ held: [], denied: [key] });
  });
});
