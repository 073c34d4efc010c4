import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import type { RecordSlice } from '@penguinmails/kafka';
import type { TestEvent } from '@penguinmails/testing';
import type { HandlerLogin } from '../../src/handles-event.js';
import type { HandlerRegistry } from '../../src/handler-registry.js';
import {
  type AnyTransaction,
  Fixture,
  recordEffects,
  registryOf,
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

const run = (slice: RecordSlice, registry: HandlerRegistry) => fixture.runner(registry).run(slice);
const effectsBy = (login: HandlerLogin) => registryOf(login, { [WITHDRAWN]: recordEffects });
const subjects = (events: readonly TestEvent[]) => events.map(({ subject }) => subject);

const POSITIONS = `
  SELECT partition, next_offset::int AS next FROM consumer_position ORDER BY partition`;

/** Ends for everybody who waits when as many wait as were awaited; who comes later need not wait. */
class Meeting {
  #missing: number;
  readonly #begun = Promise.withResolvers<void>();

  constructor(awaited: number) {
    this.#missing = awaited;
  }

  join(): Promise<void> {
    this.#missing -= 1;
    if (this.#missing <= 0) this.#begun.resolve();
    return this.#begun.promise;
  }
}

describe('two slices that lock the rows of two tenants in opposite order, on the app login', () => {
  const [a, b] = [newId(), newId()];
  const lock = 'UPDATE aggregates SET version = version + 1 WHERE id = $1';
  const rowOf = new Map([a, b].map((tenantId) => [tenantId, newId()]));

  async function createAggregates(): Promise<void> {
    for (const [tenantId, id] of rowOf)
      await fixture.admin.query('INSERT INTO aggregates VALUES ($1, $2, 0)', [tenantId, id]);
  }

  /** The first tenant of a slice locks at once, the other one when both slices have a lock. */
  function lockingInTurn(attempts: string[]) {
    const meeting = new Meeting(2);
    return (first: string) => {
      const held = Promise.withResolvers<void>();
      return registryOf('app', {
        [WITHDRAWN]: async (events, tx: AnyTransaction) => {
          const { tenantId } = events[0];
          attempts.push(`${first === a ? 'ab' : 'ba'}: ${tenantId === a ? 'a' : 'b'}`);
          await recordEffects(events, tx);
          if (tenantId !== first) await held.promise;
          await tx.query(lock, [rowOf.get(tenantId)]);
          if (tenantId === first) await meeting.join();
          held.resolve();
        },
      });
    };
  }

  it('meet a deadlock; the loser runs again as a whole, each effect is there once', async () => {
    await createAggregates();
    const attempts: string[] = [];
    const registryFrom = lockingInTurn(attempts);
    const [one, two] = [0, 1].map(() => [withdrawn(a), withdrawn(b)]);
    await Promise.all([
      run(sliceOf(one), registryFrom(a)),
      run(onPartition(1, sliceOf(two)), registryFrom(b)),
    ]);
    const count = (which: string) => attempts.filter((attempt) => attempt === which).length;
    const loser = count('ab: a') > 1 ? 'ab' : 'ba';
    expect([count(`${loser}: a`), count(`${loser}: b`)]).toEqual([2, 2]);
    expect(attempts).toHaveLength(6);
    expect((await fixture.effects()).sort()).toEqual(subjects([...one, ...two]).sort());
    const versions = await fixture.rows<{ version: number }>('SELECT version FROM aggregates');
    expect(versions).toEqual([{ version: 2 }, { version: 2 }]);
    expect(await fixture.rows('SELECT FROM parked_event')).toEqual([]);
    expect(await fixture.rows(POSITIONS)).toEqual([
      { partition: 0, next: 2 },
      { partition: 1, next: 2 },
    ]);
  });
});

function onPartition(partition: number, slice: RecordSlice): RecordSlice {
  const records = slice.records.map((record) => ({ ...record, partition }));
  return { ...slice, partition, records };
}

describe.each<HandlerLogin>(['app', 'system'])(
  'a zombie with several slices of one fetch in hand, on the %s login',
  (login) => {
    const tenants = [newId(), newId(), newId()];
    const newEvents = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ ...withdrawn(tenants[n % 3]), id: newId() }));

    /** Three slices, cut from one fetch: all say the end of the partition as it was then. */
    const fetchOf = (events: readonly TestEvent[], endOfNow: () => number): RecordSlice[] =>
      [0, 4, 8].map((from) => ({
        ...sliceOf(events.slice(from, from + 4), from, events.length),
        currentHighWatermark: async () => BigInt(endOfNow()),
      }));

    /** Without the inbox only the position can tell what is done. */
    const forgetInbox = () => fixture.admin.query('DELETE FROM inbox');

    it('leaves alone what its successor has done, slice by slice', async () => {
      const events = newEvents(15);
      const [first, second, third] = fetchOf(events.slice(0, 12), () => 15);
      await run(first, effectsBy(login));
      await forgetInbox();
      await run(sliceOf(events.slice(4, 15), 4), effectsBy(login));
      await forgetInbox();
      await run(second, effectsBy(login));
      await run(third, effectsBy(login));
      expect((await fixture.effects()).sort()).toEqual(subjects(events).sort());
      expect(await fixture.rows(POSITIONS)).toEqual([{ partition: 0, next: 15 }]);
    });

    it('does only the rest of a slice that its successor has done in part', async () => {
      const events = newEvents(12).map((event) => ({ ...event, tenantId: tenants[0] }));
      const [first, second, third] = fetchOf(events, () => 12);
      await run(first, effectsBy(login));
      await forgetInbox();
      await run(sliceOf(events.slice(2, 7), 2, 12), effectsBy(login));
      await forgetInbox();
      await run(second, effectsBy(login));
      await run(third, effectsBy(login));
      expect(await fixture.effects()).toEqual(subjects(events));
      expect(await fixture.rows(POSITIONS)).toEqual([{ partition: 0, next: 12 }]);
    });

    it('would repeat effects if the position were stored once per fetch (mutant)', async () => {
      const events = newEvents(12);
      const [first, second] = fetchOf(events, () => 12);
      await run(first, effectsBy(login));
      await fixture.admin.query('UPDATE consumer_position SET next_offset = 0');
      await forgetInbox();
      await run(sliceOf(events.slice(0, 8), 0, 12), effectsBy(login));
      expect(await fixture.effects()).toHaveLength(12);
      await forgetInbox();
      await fixture.admin.query('UPDATE consumer_position SET next_offset = 0');
      await run(second, effectsBy(login));
      expect(await fixture.effects()).toHaveLength(16);
    });
  },
);
