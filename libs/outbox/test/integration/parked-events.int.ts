import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, PLATFORM_TENANT_ID, systemEventFingerprint } from '@penguinmails/contracts';
import type { RecordSlice } from '@penguinmails/kafka';
import { eventRecord, eventually } from '@penguinmails/testing';
import type { HandlerLogin } from '../../src/handles-event.js';
import type { HandlerRegistry } from '../../src/handler-registry.js';
import { ParkedRetry } from '../../src/parked-retry.js';
import {
  EMAILS_TOPIC,
  Fixture,
  type Handle,
  RAISED,
  recordEffects,
  registryOf,
  silent,
  sliceOf,
  WITHDRAWN,
  withdrawn,
} from './outbox-fixture.js';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.create();
});
afterAll(() => fixture.drop());
beforeEach(() => fixture.clear());

const SYSTEM_TOPIC = 'penguinmails.internal.oltp.system.v1';

const run = (slice: RecordSlice, registry: HandlerRegistry) => fixture.runner(registry).run(slice);

const POSITION = 'SELECT next_offset::int AS next, parked FROM consumer_position';
const position = async () => (await fixture.rows(POSITION))[0];

/** Fails for the given e-mails, as long as they are in the set. */
function failingFor(poison: ReadonlySet<string>, error = () => new Error('poison')): Handle {
  return async (events, tx) => {
    await recordEffects(events, tx);
    if (events.some(({ subject }) => poison.has(subject))) throw error();
  };
}

describe.each<HandlerLogin>(['app', 'system'])('a record that fails, on the %s login', (login) => {
  it('parks only the key of a poison event, in order, and lets the others flow', async () => {
    const tenantId = newId();
    const [good, bad, other] = [newId(), newId(), newId()];
    const registry = registryOf(login, { [WITHDRAWN]: failingFor(new Set([bad])) });
    const events = [good, bad, good, bad, other].map((id) => withdrawn(tenantId, id));
    await run(sliceOf(events), registry);
    expect((await fixture.effects()).sort()).toEqual([good, good, other].sort());
    await run(sliceOf([withdrawn(tenantId, bad), withdrawn(tenantId, good)], 5), registry);
    expect(await fixture.effects()).toHaveLength(4);
    expect(await position()).toEqual({ next: 7, parked: 3 });
    const parked = await fixture.rows(
      'SELECT record_offset::int AS at, key, last_error FROM parked_event ORDER BY record_offset',
    );
    expect(parked).toEqual([
      { at: 1, key: bad, last_error: 'error' },
      { at: 3, key: bad, last_error: null },
      { at: 5, key: bad, last_error: null },
    ]);
  });

  it('parks an event whose statement failed, and undoes that statement only', async () => {
    const tenantId = newId();
    const [good, bad] = [newId(), newId()];
    const handle: Handle = async (events, tx) => {
      await recordEffects(events, tx);
      if (events.some(({ subject }) => subject === bad)) await tx.query('SELECT 1 / 0');
    };
    const events = [bad, good].map((id) => withdrawn(tenantId, id));
    await run(sliceOf(events), registryOf(login, { [WITHDRAWN]: handle }));
    expect(await fixture.effects()).toEqual([good]);
    const [{ last_error }] = await fixture.rows('SELECT last_error FROM parked_event');
    expect(last_error).toBe('sqlstate_22012');
  });

  it('retries a parked key in order when its handler works again', async () => {
    const tenantId = newId();
    const poison = new Set([newId()]);
    const [bad] = poison;
    const registry = registryOf(login, { [WITHDRAWN]: failingFor(poison) });
    const events = [1, 2, 3].map(() => ({ ...withdrawn(tenantId, bad), id: newId() }));
    await fixture.runner(registry, 20).run(sliceOf(events));
    const retry = startRetry(registry, 1000);
    await eventually(async () => (await attempts()) >= 2);
    poison.clear();
    await eventually(async () => (await fixture.effects()).length === 3);
    await retry.stop();
    expect(await position()).toEqual({ next: 3, parked: 0 });
    const order = await fixture.rows('SELECT event_id AS id FROM effects ORDER BY seq');
    expect(order).toEqual(events.map(({ id }) => ({ id })));
  });

  it('gives an event up after its last try, and frees its key', async () => {
    const tenantId = newId();
    const key = newId();
    const fatal = { ...withdrawn(tenantId, key), id: newId() };
    const fine = withdrawn(tenantId, key);
    const registry = registryOf(login, {
      [WITHDRAWN]: async (events, tx) => {
        if (events.some(({ id }) => id === fatal.id)) throw new TypeError('for ever');
        await recordEffects(events, tx);
      },
    });
    await fixture.runner(registry, 10).run(sliceOf([fatal, fine]));
    const retry = startRetry(registry, 3);
    await eventually(async () => (await position()).parked === 0);
    await retry.stop();
    expect(await fixture.effects()).toEqual([key]);
    const [letter, notice, ...more] = await fixture.rows(
      'SELECT tenant_id, topic, key, headers, payload FROM outbox ORDER BY seq',
    );
    expect(letter).toMatchObject({
      topic: 'penguinmails.dlq.oltp.v1',
      key,
      payload: JSON.stringify(fatal.data),
      headers: {
        ce_id: fatal.id,
        'dlq-reason': 'type_error',
        'dlq-group': 'oltp',
        'dlq-topic': EMAILS_TOPIC,
        'dlq-partition': '0',
        'dlq-offset': '0',
        'dlq-attempts': '3',
      },
    });
    expect(notice).toMatchObject({
      tenant_id: tenantId,
      topic: SYSTEM_TOPIC,
      headers: { ce_type: RAISED, ce_causationid: fatal.id },
    });
    expect(JSON.parse(notice.payload)).toMatchObject({
      event_type: 'event_given_up',
      severity: 'error',
      subject_kind: 'topic',
      subject_id: EMAILS_TOPIC,
      tenant_id: tenantId,
      code: 'type_error',
      fingerprint: notice.key,
      count: 1,
    });
    expect(more).toEqual([]);
  });

  it('tells nobody of a notice that is given up: that would never end', async () => {
    const tenantId = newId();
    const about = { eventType: 'a', subjectKind: 'b', subjectId: 'c', tenantId };
    const fingerprint = systemEventFingerprint(about);
    const data = {
      event_type: 'a',
      severity: 'error' as const,
      fingerprint,
      subject_kind: 'b',
      subject_id: 'c',
      tenant_id: tenantId,
      code: null,
      count: 1,
    };
    const raised = { type: RAISED, tenantId, subject: fingerprint, data, source: 'oltp' } as const;
    const registry = registryOf(login, {
      [RAISED]: async () => {
        throw new Error('for ever');
      },
    });
    await fixture.runner(registry, 10).run(sliceOf([raised]));
    const retry = startRetry(registry, 1);
    await eventually(async () => (await position()).parked === 0);
    await retry.stop();
    const written = await fixture.rows<{ topic: string }>('SELECT topic FROM outbox');
    expect(written.map(({ topic }) => topic)).toEqual(['penguinmails.dlq.oltp.v1']);
  });

  it('moves what is no event to the dead letters at once, and goes on', async () => {
    const tenantId = newId();
    const good = withdrawn(tenantId);
    const raw = eventRecord(good);
    const tenantless = { ...raw.headers, ce_tenantid: '' };
    const records = [
      { ...raw, value: null },
      { ...raw, value: '{' },
      { ...raw, value: Buffer.from([0, 0xff, 0xfe]) },
      { ...raw, headers: tenantless },
      { ...raw, headers: {}, key: null, value: null },
      { ...raw, headers: { ...raw.headers, 'x-nul': 'a\0b' }, value: Buffer.alloc(300_000) },
      { ...raw, headers: { ce_type: 'penguinmails.email.invented.v7' } },
      good,
    ];
    await run(sliceOf(records), registryOf(login, { [WITHDRAWN]: recordEffects }));
    expect(await fixture.effects()).toEqual([good.subject]);
    expect(await position()).toEqual({ next: 8, parked: 0 });
    const letters = await fixture.rows(
      'SELECT tenant_id, key, headers, payload FROM outbox ORDER BY seq',
    );
    expect(letters.map(({ headers }) => headers['dlq-reason'])).toEqual([
      'empty_value',
      'invalid_data',
      'invalid_data',
      'bad_header_ce_tenantid',
      'bad_header_ce_specversion',
      'invalid_data',
    ]);
    expect(letters[0]).toMatchObject({ tenant_id: tenantId, key: good.subject, payload: null });
    expect(letters[2]).toMatchObject({ payload: 'AP/+', headers: { 'dlq-encoding': 'base64' } });
    expect(letters[3].tenant_id).toBe(PLATFORM_TENANT_ID);
    expect(letters[4].key).toBe(`${EMAILS_TOPIC}/0`);
    expect(letters[5]).toMatchObject({ payload: null, headers: { 'dlq-dropped-bytes': '300000' } });
  });
});

const ATTEMPTS = 'SELECT max(attempts)::int AS n FROM parked_event';
async function attempts(): Promise<number> {
  return (await fixture.rows<{ n: number }>(ATTEMPTS))[0].n;
}

function startRetry(registry: HandlerRegistry, tries: number): ParkedRetry {
  const retry = new ParkedRetry({
    tier: 'oltp',
    group: 'oltp',
    database: fixture.database,
    registry,
    writer: fixture.writer,
    logger: silent,
    schedule: { firstMs: 5, maxMs: 20, tries },
    lookEveryMs: 10,
  });
  retry.start();
  return retry;
}
