import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import {
  type Database,
  isInfrastructure,
  isTenantBusy,
  type TenantTransaction,
} from '../../src/index.js';
import { FairScheduler } from '../../src/fair-use/fair-scheduler.js';
import { A, B, createNotesDatabase, type NotesDatabase } from './notes-database.js';

let notes: NotesDatabase;
beforeAll(async () => {
  notes = await createNotesDatabase();
});
afterAll(() => notes.drop());

/** A process that stands still in a transaction loses it after 15 s: not here. */
const UNHURRIED = "SELECT set_config('idle_in_transaction_session_timeout', '120s', true)";

/** A floods: none of its transactions ends before the gate is open. */
function floodOf(database: Database, gate: Promise<void>, onEnd: () => void): Promise<void>[] {
  const one = () =>
    database.tenants.transaction(A, async (tx) => {
      await tx.query(UNHURRIED);
      await gate;
    });
  return Array.from({ length: 80 }, () => one().then(onEnd));
}

/** Ends when A has flooded the pool. */
async function flooded(database: Database) {
  const gate = Promise.withResolvers<void>();
  let ended = 0;
  const all = floodOf(database, gate.promise, () => (ended += 1));
  await eventually(() => database.poolStats().app.waiting > 0);
  const over = () => Promise.all(all);
  return { open: gate.resolve, ended: () => ended, over };
}

const askForB = (database: Database) => database.tenants.once(B, (tx) => tx.query('SELECT 1'));

describe('fair use of a small pool', () => {
  test('a flood of A holds half of the pool, B gets through at once', async () => {
    const database = notes.open({ max: 4 });
    const flood = await flooded(database);
    await askForB(database);
    expect([flood.ended(), database.tenantsWaiting()]).toEqual([0, 1]);
    const { total, idle } = database.poolStats().app;
    expect(total - idle).toBeLessThanOrEqual(2);
    flood.open();
    await flood.over();
    expect(database.poolStats().app.waiting).toBe(0);
  });

  test('the mutant without shares and turns is caught', async () => {
    const database = notes.open({ max: 4 });
    await database.ping();
    const oneLane = new FairScheduler({ slots: 4, share: 4, limit: 1_000 });
    const { ask } = FairScheduler.prototype;
    const login = Reflect.get(database, 'appLogin') as object;
    const unfair = Object.assign(oneLane, {
      ask: (_: string, start: () => void) => ask.call(oneLane, 'all', start),
    });
    Reflect.set(login, 'scheduler', unfair);
    const flood = await flooded(database);
    const endedBeforeB = askForB(database).then(flood.ended);
    flood.open();
    expect(await endedBeforeB).toBeGreaterThan(40);
    await flood.over();
  });

  test('of 101 at once exactly one is refused, as a busy tenant', async () => {
    const database = notes.open({ max: 4 });
    const work = Array.from({ length: 101 }, () =>
      database.tenants.once(A, (tx) => tx.query('SELECT 1')),
    );
    const outcomes = await Promise.allSettled(work);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(isTenantBusy(refused[0]?.reason)).toBe(true);
    expect(isInfrastructure(refused[0]?.reason)).toBe(false);
    await database.tenants.once(A, (tx) => tx.query('SELECT 1'));
  });

  test('who waits too long for its own work is busy; who waits for others finds no connection', async () => {
    const settings = notes.settings({ max: 2 });
    const narrow = notes.open(settings);
    const waitFor = (connectionTimeoutMillis: number) =>
      Object.assign(settings.app, { connectionTimeoutMillis });
    const failureOf = (tenant: string) =>
      narrow.tenants
        .once(tenant, (tx) => tx.query('SELECT 1'))
        .then(
          () => undefined,
          (error: unknown) => error,
        );
    await narrow.tenants.transaction(A, async (first) => {
      await first.query(UNHURRIED);
      waitFor(50);
      expect(isTenantBusy(await failureOf(A))).toBe(true);
      waitFor(60_000);
      await narrow.tenants.transaction(B, async (second) => {
        await second.query(UNHURRIED);
        waitFor(50);
        const third = await failureOf('0198c0de-0000-7000-8000-00000000000c');
        expect([isTenantBusy(third), isInfrastructure(third)]).toEqual([false, true]);
      });
    });
    waitFor(60_000);
    expect(await failureOf(A)).toBeUndefined();
  });

  test('slots come back after errors, killed connections and unreachable servers', async () => {
    const database = notes.open({ max: 2 });
    const kill = (tx: TenantTransaction) =>
      tx.query('SELECT pg_terminate_backend(pg_backend_pid())');
    const fail = (tx: TenantTransaction) => tx.query('SELECT 1/0');
    for (const work of [kill, fail, kill, fail]) {
      for (const mode of ['once', 'transaction'] as const) {
        await expect(database.tenants[mode](A, work)).rejects.toThrow();
      }
    }
    await expect(database.tenants.once(A, (tx) => tx.query('SELECT 1'))).resolves.toBeDefined();
    const { app, ...settings } = notes.settings({ max: 2 });
    const nowhere = notes.open({
      ...settings,
      app: { ...app, url: 'postgresql://x@127.0.0.1:1/x' },
    });
    for (let n = 0; n < 5; n += 1) {
      const refused = nowhere.tenants.once(A, (tx) => tx.query('SELECT 1'));
      expect(isInfrastructure(await refused.catch((error: unknown) => error))).toBe(true);
    }
  });

  test("a slice of many tenants runs on nobody's account", async () => {
    const database = notes.open({ max: 2 });
    await database.tenants.transaction(A, async (first) => {
      await first.query('SELECT 1');
      await database.tenants.slice(async (slice) => {
        const tx = await slice.forTenant(A);
        expect((await tx.query('SELECT 1')).rowCount).toBe(1);
      });
    });
  });
});
