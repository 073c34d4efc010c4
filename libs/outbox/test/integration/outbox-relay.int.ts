import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import {
  collectEvents,
  type CollectedEvent,
  ensureTestTopics,
  type EventCollector,
  eventually,
  freePort,
  measured,
  testBrokers,
  type TestEvent,
} from '@penguinmails/testing';
import { createProducer, type EventProducer, type OutgoingRecord } from '@penguinmails/kafka';
import { type HeldLane, nextBatch } from '../../src/outbox-lanes.js';
import type { OutboxRelay } from '../../src/outbox-relay.js';
import { EventWriter } from '../../src/event-writer.js';
import type { AnyNewEvent } from '../../src/events.js';
import { readStats } from '../../src/messaging-stats.js';
import { WakeUp } from '../../src/wake-up.js';
import {
  EMAILS_TOPIC,
  Fixture,
  GatedProducer,
  LateBroker,
  PUBLIC_URL,
  relayProducer,
  silent,
  WITHDRAWN,
  withdrawn,
} from './outbox-fixture.js';

const ATTEMPTS = 10;
/** A stop sends what is left for 5 s, by a clock of whole milliseconds. */
const STOP_GIVES_UP_MS = 4_900;

let fixture: Fixture;
let collector: EventCollector;
const relays: OutboxRelay[] = [];

beforeAll(async () => {
  await ensureTestTopics(testBrokers(), [EMAILS_TOPIC]);
  collector = await collectEvents(testBrokers(), [EMAILS_TOPIC]);
  fixture = await Fixture.create();
});
afterAll(async () => {
  await collector.stop();
  await fixture.drop();
});
beforeEach(() => fixture.clear());
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
});

function start(relay: OutboxRelay): OutboxRelay {
  relays.push(relay);
  relay.start();
  return relay;
}

/** Ids of the events that came; a relay that got no answer in time sends again. */
const idsOf = (tenantId: string) => new Set(ofTenant(tenantId).map(({ id }) => id));
const ofTenant = (tenantId: string) => collector.events.filter((e) => e.tenantId === tenantId);
const depth = async () => (await readStats(fixture.database.system)).outboxDepth;

describe('EventWriter', () => {
  it('writes the events in order with one statement, only if the transaction commits', async () => {
    const tenantId = newId();
    const events = Array.from({ length: 50 }, () => withdrawn(tenantId));
    await fixture.write(tenantId, ...events);
    const rollback = fixture.database.tenants.transaction(tenantId, async (tx) => {
      await fixture.writer.write(tx, [withdrawn(tenantId)]);
      throw new Error('changed my mind');
    });
    await expect(rollback).rejects.toThrow('changed my mind');
    const rows = await fixture.rows('SELECT * FROM outbox ORDER BY seq');
    expect(rows.map((row) => row.aggregateid)).toEqual(events.map(({ subject }) => subject));
    expect(rows[0]).toMatchObject({
      tenant_id: tenantId,
      topic: EMAILS_TOPIC,
      key: events[0].subject,
      aggregatetype: 'email',
      type: WITHDRAWN,
      headers: {
        ce_type: WITHDRAWN,
        ce_source: '/penguinmails/oltp',
        ce_tenantid: tenantId,
        ce_partitionkey: events[0].subject,
        ce_correlationid: rows[0].id,
        ce_dataschema: `${PUBLIC_URL}/schemas/events/${WITHDRAWN}.json`,
      },
      payload: JSON.stringify(events[0].data),
    });
    expect(new Set(rows.map((row) => row.lane)).size).toBeGreaterThan(5);
  });

  it('refuses foreign tenants, undeclared types and data that break the schema', async () => {
    const tenantId = newId();
    const foreign = fixture.write(tenantId, withdrawn(newId()));
    await expect(foreign).rejects.toMatchObject({ code: '42501' });
    const bad = { ...withdrawn(tenantId), data: { email_id: 'x', reason: 'cancelled' as const } };
    await expect(fixture.write(tenantId, bad)).rejects.toMatchObject({
      name: 'ContractViolationError',
    });
    const undeclared = { type: 'penguinmails.email.queued.v1' as const, tenantId, subject: 'x' };
    await expect(
      fixture.write(tenantId, { ...undeclared, data: {} as never }),
    ).rejects.toMatchObject({ name: 'UndeclaredEventError' });
    expect(await depth()).toBe(0);
  });
});

describe('a commit', () => {
  class Noted extends WakeUp {
    readonly wishes: string[] = [];
    override notify = (): void => void this.wishes.push('now');
    override notifyWithin = (ms: number): void => void this.wishes.push(`within ${ms} ms`);
  }
  const CANCELLED = 'penguinmails.email.cancelled.v1';

  function cancelled(tenantId: string): TestEvent<typeof CANCELLED> {
    const about = { email_id: newId(), mailbox_id: newId(), mode: 'live' as const };
    const data = { ...about, occurred_at: new Date().toISOString() };
    return { type: CANCELLED, tenantId, subject: about.email_id, data };
  }

  it('wakes the relay at once for what an e-mail waits for, later for what only tells of it', async () => {
    const tenantId = newId();
    const wakeUp = new Noted();
    const emits = [CANCELLED, WITHDRAWN] as const;
    const writer = new EventWriter({ tier: 'oltp', emits, publicUrl: PUBLIC_URL }, wakeUp);
    const write = (...events: AnyNewEvent[]) =>
      fixture.database.tenants.transaction(tenantId, (tx) => writer.write(tx, events));
    await write(cancelled(tenantId), cancelled(tenantId));
    await write(withdrawn(tenantId));
    await write(cancelled(tenantId), withdrawn(tenantId));
    expect(wakeUp.wishes).toEqual(['within 100 ms', 'now', 'now']);
  });
});

describe('OutboxRelay', () => {
  it('publishes a committed event at once, as a CloudEvent, and deletes its row', async () => {
    start(fixture.relay());
    const event = withdrawn(newId());
    await fixture.write(event.tenantId, event);
    const published = await collector.waitFor((e) => e.tenantId === event.tenantId);
    expect(published).toMatchObject({ type: WITHDRAWN, key: event.subject, data: event.data });
    expect(published.headers['content-type']).toBe('application/json');
    await eventually(async () => (await depth()) === 0);
  });

  it('keeps the order of each key with three relays and many writers, and loses nothing', async () => {
    const tenantId = newId();
    const keys = Array.from({ length: 40 }, () => newId());
    await createAggregates(tenantId, keys);
    for (let n = 0; n < 3; n++) start(fixture.relay(relayProducer(), new WakeUp()));
    await Promise.all(Array.from({ length: 8 }, (_, n) => writeChanges(tenantId, keys, n, 400)));
    await eventually(() => idsOf(tenantId).size === 3200);
    expect(inversions(ofTenant(tenantId))).toBe(0);
    // Who reads the topic is quicker than the relay's commit.
    await eventually(async () => (await depth()) === 0);
  });

  it('holds a lane until its batch has settled; without lanes the order would break', async () => {
    expect(await overtakenWith('lanes')).toBe(0);
    expect(await overtakenWith('skip locked')).toBe(1);
  });

  it('waits while Kafka is down, and drains when it is back', async () => {
    const broker = new LateBroker(await freePort());
    start(fixture.relay(relayProducer([`127.0.0.1:${broker.port}`])));
    const tenantId = newId();
    const events = Array.from({ length: 300 }, () => withdrawn(tenantId));
    await fixture.write(tenantId, ...events);
    await eventually(async () => {
      const stats = await readStats(fixture.database.system);
      return stats.outboxDepth === 300 && stats.outboxOldestSeconds > 0.5;
    });
    await broker.open();
    await eventually(async () => (await depth()) === 0);
    await eventually(() => idsOf(tenantId).size === 300);
    broker.close();
  });

  it('tells whether lanes hold more than a batch of them takes, by rows or by bytes', async () => {
    const tenantId = newId();
    const lanes = Array.from({ length: 32 }, (_, lane) => ({ lane, floor: '0' }));
    const batchOf = (held: HeldLane[]) =>
      fixture.database.system.transaction((tx) => nextBatch(tx, held));
    await fixture.write(tenantId, ...Array.from({ length: 40 }, () => withdrawn(tenantId)));
    const few = await batchOf(lanes);
    expect([few.records.length, few.full]).toEqual([40, false]);
    await fixture.admin.query(`UPDATE outbox SET payload = repeat('y', 60000)`);
    const large = await batchOf(lanes);
    expect(large.records.length).toBeLessThan(40);
    expect(large.full).toBe(true);
    await fixture.admin.query(`UPDATE outbox SET payload = '{}', lane = 7`);
    const crowded = await batchOf(lanes);
    expect([crowded.records.length, crowded.full]).toEqual([32, true]);
    expect(crowded.seqs).toEqual(
      crowded.seqs.toSorted((one, other) => Number(one) - Number(other)),
    );
    expect(await batchOf(lanes.filter(({ lane }) => lane === 7))).toMatchObject({ full: false });
  });

  it('sends what has gathered in all lanes with one request', async () => {
    let tenantId = newId();
    const requests = await requestsUnhindered(async (relay) => {
      tenantId = newId();
      await fixture.write(tenantId, ...Array.from({ length: 200 }, () => withdrawn(tenantId)));
      const [{ lanes }] = await fixture.rows<{ lanes: number }>(
        'SELECT count(DISTINCT lane)::int AS lanes FROM outbox',
      );
      // Of 32: where 200 random keys leave one empty, nothing is wrong.
      expect(lanes).toBeGreaterThan(16);
      start(relay);
      await eventually(async () => (await depth()) === 0);
    });
    expect(requests).toBe(1);
    await eventually(() => idsOf(tenantId).size === 200);
  });

  it('sends the rest at stop', async () => {
    await requestsUnhindered(async (relay) => {
      start(relay);
      const tenantId = newId();
      await fixture.write(tenantId, ...Array.from({ length: 1500 }, () => withdrawn(tenantId)));
    });
    expect(await depth()).toBe(0);
  });

  it('goes on with other lanes while the broker refuses one', async () => {
    const tenantId = newId();
    const events = Array.from({ length: 64 }, () => withdrawn(tenantId));
    await fixture.write(tenantId, ...events);
    await fixture.admin.query(
      `UPDATE outbox SET topic = 'penguinmails.no.such.topic' WHERE seq = (SELECT min(seq) FROM outbox)`,
    );
    start(fixture.relay());
    const stuck = `SELECT count(DISTINCT lane)::int AS lanes FROM outbox`;
    await eventually(async () => (await fixture.rows<{ lanes: number }>(stuck))[0].lanes === 1);
    await fixture.admin.query(`UPDATE outbox SET topic = '${EMAILS_TOPIC}'`);
    await eventually(async () => (await depth()) === 0);
  });

  it('splits what would exceed a request of the broker', async () => {
    const tenantId = newId();
    const event = withdrawn(tenantId);
    await fixture.write(tenantId, ...Array.from({ length: 40 }, () => event));
    await fixture.admin.query(
      `UPDATE outbox SET payload = (payload::jsonb || jsonb_build_object('x', repeat('y', 60000)))::text`,
    );
    start(fixture.relay());
    await eventually(async () => (await depth()) === 0);
    await eventually(() => idsOf(tenantId).size === 40);
  });
});

/**
 * Works on empty tables and stops the relay. Only where the broker rejected something, or the stop had
 * used up its time, it begins anew, a few times, and the last time counts.
 * @returns requests to the broker
 */
async function requestsUnhindered(work: (relay: OutboxRelay) => Promise<void>): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    await fixture.clear();
    const producer = new GatedProducer(relayProducer());
    const relay = fixture.relay(producer);
    await work(relay);
    const { ms } = await measured(() => relay.stop());
    const isHindered = producer.rejected > 0 || ms >= STOP_GIVES_UP_MS;
    if (!isHindered || attempt === ATTEMPTS) return producer.requests;
  }
}

async function createAggregates(tenantId: string, keys: string[]): Promise<void> {
  await fixture.admin.query(
    'INSERT INTO aggregates SELECT $1, id, 0 FROM unnest($2::uuid[]) AS new (id)',
    [tenantId, keys],
  );
}

/** Changes random aggregates, each with its event in the same transaction, after its row lock. */
async function writeChanges(tenantId: string, keys: string[], writer: number, changes: number) {
  for (let n = 0; n < changes; n++) {
    const id = keys[(n * 7 + writer * 13) % keys.length];
    await fixture.database.tenants.transaction(tenantId, async (tx) => {
      const { rows } = await tx.query<{ version: number }>(
        `UPDATE aggregates SET version = version + 1 WHERE tenant_id = $1 AND id = $2 RETURNING version`,
        [tenantId, id],
      );
      const event = withdrawn(tenantId, id, { entityVersion: rows[0].version });
      await fixture.writer.write(tx, [event]);
    });
  }
}

/** First deliveries that came after a later version of the same aggregate. */
function inversions(events: CollectedEvent[]): number {
  const seen = new Set<string>();
  const latest = new Map<string, number>();
  let found = 0;
  for (const { id, subject, headers } of events) {
    if (seen.has(id)) continue;
    seen.add(id);
    const version = Number(headers.ce_entityversion);
    if (version < (latest.get(subject) ?? 0)) found++;
    latest.set(subject, Math.max(version, latest.get(subject) ?? 0));
  }
  return found;
}

/**
 * One relay reads a key's first event and is held before it sends; then the second event is written
 * and another relay has its turn. Returns how many events overtook.
 */
async function overtakenWith(kind: 'lanes' | 'skip locked'): Promise<number> {
  const tenantId = newId();
  const emailId = newId();
  const version = (n: number) => withdrawn(tenantId, emailId, { entityVersion: n });
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const producer = kind === 'lanes' ? relayProducer() : patientProducer();
  const held = new GatedProducer(producer, () => {
    reached.resolve();
    return gate.promise;
  });
  await fixture.write(tenantId, version(1));
  const slow = kind === 'lanes' ? start(fixture.relay(held, new WakeUp())) : undefined;
  const slowPass = slow ? Promise.resolve() : skipLockedPass(held);
  await reached.promise;
  await fixture.write(tenantId, version(2));
  await otherRelay(kind);
  gate.resolve();
  await slowPass;
  await slow?.stop();
  if (kind === 'lanes') await eventually(emptiedByOther);
  await eventually(() => idsOf(tenantId).size === 2);
  return inversions(ofTenant(tenantId));
}

async function otherRelay(kind: 'lanes' | 'skip locked'): Promise<void> {
  if (kind === 'skip locked') return skipLockedPass(patientProducer());
  const relay = fixture.relay(relayProducer(), new WakeUp());
  relay.start();
  await relay.stop();
}

async function emptiedByOther(): Promise<boolean> {
  await otherRelay('lanes');
  return (await depth()) === 0;
}

/** For who tries only once. */
const patientProducer = () =>
  createProducer({ brokers: testBrokers(), clientId: 'outbox-test', logger: silent });

/** The relay that everybody writes first (messaging.md 2.2), as a mutant. */
async function skipLockedPass(producer: EventProducer): Promise<void> {
  await fixture.asAdmin(async (admin) => {
    await admin.query('BEGIN');
    const { rows } = await admin.query<OutgoingRecord & { seq: string; payload: string }>(
      'SELECT seq, topic, key, headers, payload FROM outbox ORDER BY seq LIMIT 1 FOR UPDATE SKIP LOCKED',
    );
    await producer.sendBatch(rows.map((row) => ({ ...row, value: row.payload })));
    await admin.query('DELETE FROM outbox WHERE seq = ANY ($1::bigint[])', [
      rows.map(({ seq }) => seq),
    ]);
    await admin.query('COMMIT');
  });
  await producer.disconnect();
}
