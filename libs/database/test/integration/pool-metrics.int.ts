import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { metrics } from '@penguinmails/observability';
import { eventually } from '@penguinmails/testing';
import { RecordedTelemetry } from '@penguinmails/testing/telemetry';
import {
  DatabaseModule,
  type DatabaseSettings,
  TenantDatabase,
  type TenantTransaction,
} from '../../src/index.js';
import { A, B, createNotesDatabase, type NotesDatabase } from './notes-database.js';

const C = '0198c0de-0000-7000-8000-00000000000c';
const APP = { 'db.client.connection.pool.name': 'notifications-app' };

const telemetry = new RecordedTelemetry();
let notes: NotesDatabase;
beforeAll(async () => {
  telemetry.start();
  notes = await createNotesDatabase();
});
afterAll(async () => {
  await notes.drop();
  await telemetry.stop();
});

/** The value of a metric under exactly these labels: a number, or how often it was measured. */
async function read(metric: { name: string }, labels: object): Promise<number | undefined> {
  const points = await telemetry.pointsOf(metric);
  const wanted = JSON.stringify(Object.entries(labels).sort());
  const point = points.find(
    ({ attributes }) => JSON.stringify(Object.entries(attributes).sort()) === wanted,
  );
  return typeof point?.value === 'object' ? point.value.count : point?.value;
}

const state = (name: string) => ({ ...APP, 'db.client.connection.state': name });
const one = (tx: TenantTransaction) => tx.query('SELECT 1');

/** A product's database module on a pool of two. */
async function start(settings: DatabaseSettings): Promise<TestingModule> {
  const imports = [DatabaseModule.forTier(settings)];
  const module = await Test.createTestingModule({ imports }).compile();
  return module.init();
}

/** While both connections are held, by A and by B. */
function whileBothAreHeld(tenants: TenantDatabase, work: () => Promise<void>): Promise<void> {
  return tenants.transaction(A, async (first) => {
    await one(first);
    await tenants.transaction(B, async (second) => {
      await one(second);
      await work();
    });
  });
}

test('pools, who waits for them and how long transactions take can be seen', async () => {
  const module = await start(notes.settings({ max: 2 }));
  const tenants = module.get(TenantDatabase);
  let third: Promise<unknown> | undefined;
  await whileBothAreHeld(tenants, async () => {
    third = tenants.once(C, one);
    await eventually(async () => (await read(metrics.poolWaiting, APP)) === 1);
    expect(await read(metrics.poolConnections, state('used'))).toBe(2);
    expect(await read(metrics.poolConnections, state('idle'))).toBe(0);
    expect(await read(metrics.poolMax, APP)).toBe(2);
    expect(await read(metrics.tenantsWaiting, APP)).toBe(1);
  });
  await third;
  await expect(tenants.once(A, (tx) => tx.query('SELECT 1/0'))).rejects.toThrow();
  expect(await read(metrics.poolWaiting, APP)).toBe(0);
  const took = (outcome: string) => read(metrics.transactionDuration, { ...APP, outcome });
  expect([await took('commit'), await took('rollback')]).toEqual([3, 1]);
  expect(await read(metrics.poolWaitTime, APP)).toBeGreaterThanOrEqual(4);
  await module.close();
});

test('who got no connection, and why, is counted', async () => {
  const settings = notes.settings({ max: 2 });
  const module = await start(settings);
  const tenants = module.get(TenantDatabase);
  await Promise.allSettled(Array.from({ length: 101 }, () => tenants.once(A, one)));
  expect(await read(metrics.tenantRefusals, { ...APP, reason: 'limit' })).toBe(1);
  await whileBothAreHeld(tenants, async () => {
    // Both connections are there: from now on only waiting for one takes time.
    Object.assign(settings.app, { connectionTimeoutMillis: 20 });
    await expect(tenants.once(C, one)).rejects.toThrow();
    await expect(tenants.once(A, one)).rejects.toThrow();
  });
  expect(await read(metrics.poolTimeouts, APP)).toBe(1);
  expect(await read(metrics.tenantRefusals, { ...APP, reason: 'timeout' })).toBe(1);
  await module.close();
});
