import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import {
  collectEvents,
  type CollectedEvent,
  ensureTestTopics,
  type EventCollector,
  eventually,
  testBrokers,
} from '@penguinmails/testing';
import { EventWriter } from '../../src/event-writer.js';
import type { HandlerLogin } from '../../src/handles-event.js';
import type { HandlerRegistry } from '../../src/handler-registry.js';
import { type ParkedAnswer, ParkedDesk } from '../../src/parked-desk.js';
import type { ParkedFilter, ParkedReport } from '../../src/parked-report.js';
import { ParkedRetry } from '../../src/parked-retry.js';
import {
  EMAILS_TOPIC,
  Fixture,
  type Handle,
  PUBLIC_URL,
  RAISED,
  recordEffects,
  registryOf,
  silent,
  sliceOf,
  WITHDRAWN,
  withdrawn,
} from './outbox-fixture.js';

const SYSTEM_TOPIC = 'penguinmails.internal.oltp.system.v1';
const DLQ = 'penguinmails.dlq.oltp.v1';
const AUDIT = { actorId: newId(), requestId: newId() };
/** More tries than there is time for. */
const NEVER_GIVEN_UP = 1_000_000;
const ANY: ParkedFilter = { topic: null, key: null, state: null, after: null, limit: 10 };

let fixture: Fixture;
let desk: ParkedDesk;
let collector: EventCollector;
beforeAll(async () => {
  await ensureTestTopics(testBrokers(), [SYSTEM_TOPIC, DLQ, EMAILS_TOPIC]);
  collector = await collectEvents(testBrokers(), [SYSTEM_TOPIC, DLQ]);
  fixture = await Fixture.create();
  desk = deskOf('oltp');
});
afterAll(async () => {
  await collector.stop();
  await fixture.drop();
});
beforeEach(async () => {
  await fixture.clear();
  await fixture.rows('TRUNCATE dead_event');
});

function deskOf(group: string): ParkedDesk {
  const settings = { tier: 'oltp', emits: [RAISED], publicUrl: PUBLIC_URL } as const;
  const writer = new EventWriter(settings, fixture.wakeUp);
  const { database } = fixture;
  return new ParkedDesk({ tier: 'oltp', group, database, writer, logger: silent });
}

/** Fails for the ids of events in the set. */
const failingFor =
  (poison: ReadonlySet<string>): Handle =>
  async (events, tx) => {
    if (events.some(({ id }) => poison.has(id))) throw new Error('poison');
    await recordEffects(events, tx);
  };

/** Parks the first event and, behind it, the others of its key; nothing is due for an hour. */
async function parkThree(login: HandlerLogin = 'app') {
  const tenantId = newId();
  const key = newId();
  const events = [1, 2, 3].map(() => ({ ...withdrawn(tenantId, key), id: newId() }));
  const ids = events.map(({ id }) => id);
  const poison = new Set([ids[0]]);
  const registry = registryOf(login, { [WITHDRAWN]: failingFor(poison) });
  await fixture.runner(registry, 3_600_000).run(sliceOf(events));
  return { tenantId, key, ids, events, poison, registry };
}

async function withRetry(registry: HandlerRegistry, tries: number, work: () => Promise<unknown>) {
  const retry = new ParkedRetry({
    tier: 'oltp',
    group: 'oltp',
    database: fixture.database,
    registry,
    writer: fixture.writer,
    logger: silent,
    schedule: { firstMs: 1, maxMs: 1, tries },
    lookEveryMs: 10,
  });
  retry.start();
  await work().finally(() => retry.stop());
}

/** Asks again for what was refused only because a slice or a retry was slow to leave the partition. */
const wish = (kind: 'retry' | 'discard' | 'replay', id: string, audit: typeof AUDIT) =>
  eventually(async () => {
    const answer = await desk[kind](id, audit);
    return answer.kind === 'busy' ? false : answer;
  });

const parked = async () =>
  (await fixture.rows<{ parked: number }>('SELECT parked FROM consumer_position'))[0].parked;
const effects = async () =>
  (await fixture.rows<{ id: string }>('SELECT event_id AS id FROM effects ORDER BY seq')).map(
    ({ id }) => id,
  );
const byEvent = async (id: string) => {
  const { data } = await desk.list(ANY);
  return data.find(({ event_id }) => event_id === id) as ParkedReport;
};
const stateOf = (answer: ParkedAnswer) =>
  answer.kind === 'done' ? answer.event.state : answer.kind;
const settled = () => eventually(async () => (await parked()) === 0);

describe('the list of parked events', () => {
  it('is filtered and paged, newest first, and shows no payload', async () => {
    const first = await parkThree();
    await fixture.rows("UPDATE parked_event SET parked_at = parked_at - interval '1 minute'");
    const second = await parkThreeAt(3);
    const all = (await desk.list(ANY)).data;
    expect(all).toHaveLength(6);
    const seen: ParkedReport[] = [];
    let after: ParkedFilter['after'] = null;
    for (let pages = 0; pages < 3; pages++) {
      const page = await desk.list({ ...ANY, after, limit: 2 });
      expect(page.has_more).toBe(pages < 2);
      seen.push(...page.data);
      const { created_at: createdAt, id } = page.data[1];
      after = { createdAt, id };
    }
    expect(seen).toEqual(all);
    expect(new Set(seen.slice(0, 3).map(({ key }) => key))).toEqual(new Set([second.key]));
    const ofKey = await desk.list({ ...ANY, key: first.key, state: 'waiting' });
    expect(ofKey.data.map(({ event_id }) => event_id).sort()).toEqual(first.ids.slice(1).sort());
    expect((await desk.list({ ...ANY, topic: 'other' })).data).toEqual([]);
    const head = await byEvent(first.ids[0]);
    expect(head).toMatchObject({
      object: 'parked_event',
      state: 'retrying',
      tenant_id: first.tenantId,
      topic: EMAILS_TOPIC,
      partition: 0,
      offset: '0',
      type: WITHDRAWN,
      attempts: 0,
      last_error: 'error',
      dead_at: null,
    });
    expect(Object.keys(head)).not.toContain('payload');
    expect(await desk.find(head.id)).toEqual(head);
  });

  it('is of the own group only, for every wish', async () => {
    const { ids } = await parkThree();
    const { id } = await byEvent(ids[0]);
    const foreign = deskOf('olap');
    expect((await foreign.list(ANY)).data).toEqual([]);
    for (const known of [id, newId()]) {
      expect(await foreign.find(known)).toBeUndefined();
      for (const wish of ['retry', 'discard', 'replay'] as const)
        expect(await foreign[wish](known, AUDIT)).toEqual({ kind: 'unknown' });
    }
    expect(await parked()).toBe(3);
  });
});

async function parkThreeAt(offset: number) {
  const made = [1, 2, 3].map(() => newId());
  const [tenantId, key] = [newId(), newId()];
  const events = made.map((id) => ({ ...withdrawn(tenantId, key), id }));
  const registry = registryOf('app', { [WITHDRAWN]: failingFor(new Set(made)) });
  await fixture.runner(registry, 3_600_000).run(sliceOf(events, offset));
  return { key };
}

describe('while a slice holds the partition', () => {
  it('every wish is answered busy within its deadline, and changes nothing', async () => {
    const { ids } = await parkThree();
    const { id } = await byEvent(ids[0]);
    const before = (await desk.list(ANY)).data;
    await fixture.asAdmin(async (admin) => {
      await admin.query('BEGIN');
      await admin.query('SELECT FROM consumer_position FOR UPDATE');
      const wishes = [desk.retry(id, AUDIT), desk.discard(id, AUDIT), desk.replay(id, AUDIT)];
      expect(await Promise.all(wishes)).toEqual(Array(3).fill({ kind: 'busy' }));
    });
    expect((await desk.list(ANY)).data).toEqual(before);
    expect(stateOf(await wish('discard', id, AUDIT))).toBe('retrying');
  });
});

describe.each<HandlerLogin>(['app', 'system'])('on the %s login', (login) => {
  it('a retry makes the key due and keeps its order, whichever of it is named', async () => {
    const { ids, poison, registry } = await parkThree(login);
    const last = await byEvent(ids[2]);
    await withRetry(registry, NEVER_GIVEN_UP, async () => {
      expect(stateOf(await wish('retry', last.id, AUDIT))).toBe('waiting');
      await eventually(async () => (await byEvent(ids[0])).attempts > 0);
      expect(await effects()).toEqual([]);
      poison.clear();
      await settled();
    });
    expect(await effects()).toEqual(ids);
    expect(await wish('retry', last.id, AUDIT)).toEqual({ kind: 'unknown' });
  });

  it('a discard has no effect, frees the ones behind it, and is told', async () => {
    const { tenantId, ids, registry } = await parkThree(login);
    const head = await byEvent(ids[0]);
    expect(stateOf(await wish('discard', head.id, AUDIT))).toBe('retrying');
    expect(await wish('discard', head.id, AUDIT)).toEqual({ kind: 'unknown' });
    expect(await parked()).toBe(2);
    const relay = fixture.relay();
    relay.start();
    await withRetry(registry, NEVER_GIVEN_UP, settled);
    expect(await effects()).toEqual(ids.slice(1));
    const ofTenant = (event: CollectedEvent) => event.tenantId === tenantId;
    const { data } = await collector.waitFor((e) => ofTenant(e) && e.type === RAISED);
    await relay.stop();
    expect(data).toMatchObject({
      event_type: 'parked_event_discarded',
      subject_kind: 'event',
      subject_id: ids[0],
    });
  });

  it('a dead event is replayed with one effect, also if it is delivered again', async () => {
    const { ids, events, poison, registry } = await parkThree(login);
    await wish('retry', (await byEvent(ids[0])).id, AUDIT);
    await withRetry(registry, 2, settled);
    expect(await effects()).toEqual(ids.slice(1));
    const dead = await byEvent(ids[0]);
    expect(dead).toMatchObject({ state: 'dead', attempts: 2, last_error: 'error' });
    expect(await wish('retry', dead.id, AUDIT)).toEqual({ kind: 'wrong_state' });
    poison.clear();
    const wishes = await Promise.all([
      wish('replay', dead.id, AUDIT),
      wish('replay', dead.id, AUDIT),
    ]);
    expect(wishes.map(stateOf).sort()).toEqual(['retrying', 'wrong_state']);
    await withRetry(registry, 2, settled);
    expect(await effects()).toEqual([ids[1], ids[2], ids[0]]);
    expect(await wish('replay', dead.id, AUDIT)).toEqual({ kind: 'unknown' });
    await fixture.runner(registry).run(sliceOf(events, 3));
    expect(await effects()).toHaveLength(3);
    // The mutant: without the inbox the same delivery has its effects again.
    await fixture.rows('DELETE FROM inbox');
    await fixture.runner(registry).run(sliceOf(events, 6));
    expect(await effects()).toHaveLength(6);
  });

  it('what comes after a replay waits behind it', async () => {
    const { tenantId, key, ids, registry } = await parkThree(login);
    await wish('retry', (await byEvent(ids[0])).id, AUDIT);
    await withRetry(registry, 1, settled);
    await wish('replay', (await byEvent(ids[0])).id, AUDIT);
    const later = { ...withdrawn(tenantId, key), id: newId() };
    await fixture.runner(registry).run(sliceOf([later], 3));
    expect((await byEvent(later.id)).state).toBe('waiting');
    expect(await parked()).toBe(2);
    await wish('discard', (await byEvent(ids[0])).id, AUDIT);
    await withRetry(registry, 1, settled);
    expect(await effects()).toEqual([ids[1], ids[2], later.id]);
  });

  it('dead events are forgotten after 30 days', async () => {
    const { ids, registry } = await parkThree(login);
    await wish('retry', (await byEvent(ids[0])).id, AUDIT);
    await withRetry(registry, 1, settled);
    const age = (days: number) =>
      fixture.rows(`UPDATE dead_event SET dead_at = now() - interval '${days} days'`);
    await age(29);
    await withRetry(registry, 1, async () => undefined);
    const [dead] = (await desk.list(ANY)).data;
    expect(dead.state).toBe('dead');
    await age(31);
    await withRetry(registry, 1, async () => undefined);
    expect((await desk.list(ANY)).data).toEqual([]);
  });

  it('a dead event can be discarded', async () => {
    const { ids, registry } = await parkThree(login);
    await wish('retry', (await byEvent(ids[0])).id, AUDIT);
    await withRetry(registry, 1, settled);
    const dead = await byEvent(ids[0]);
    expect(stateOf(await wish('discard', dead.id, AUDIT))).toBe('dead');
    expect(await parked()).toBe(0);
    expect((await desk.list(ANY)).data).toEqual([]);
  });
});
