import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { ensureTestTopics, eventually, testBrokers } from '@penguinmails/testing';
import pg from 'pg';
import { LaneFloors, PROBE } from '../../src/lane-floors.js';
import { EMAILS_TOPIC, Fixture, withdrawn } from './outbox-fixture.js';

const DEAD_ROWS = 4000;
const NO_FLOORS = Array.from({ length: 32 }, () => '0');

let fixture: Fixture;
beforeAll(async () => {
  await ensureTestTopics(testBrokers(), [EMAILS_TOPIC]);
  fixture = await Fixture.create();
});
afterAll(() => fixture.drop());
beforeEach(() => fixture.clear());

interface Plan {
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
}

/** Pages that the relay's look at its lanes touches, after a run that warms the cache. */
async function pagesRead(floors: readonly string[]): Promise<number> {
  const explain = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${PROBE}`;
  await fixture.rows(explain, [floors]);
  const [row] = await fixture.rows<{ 'QUERY PLAN': { Plan: Plan }[] }>(explain, [floors]);
  const { Plan: plan } = row['QUERY PLAN'][0];
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
}

async function writeMany(rows: number): Promise<void> {
  for (let written = 0; written < rows; written += 500) {
    const tenantId = newId();
    await fixture.write(tenantId, ...Array.from({ length: 500 }, () => withdrawn(tenantId)));
  }
}

const depth = async () =>
  (await fixture.rows<{ n: number }>('SELECT count(*)::int AS n FROM outbox'))[0].n;

/** Looks until the floors are above zero; a look notes or raises at most once a second. */
async function raised(floors: LaneFloors): Promise<bigint> {
  const lowest = () =>
    floors
      .values()
      .map(BigInt)
      .reduce((a, b) => (a < b ? a : b));
  await eventually(async () => {
    await floors.nonEmptyLanes();
    return lowest() > 0n;
  });
  return lowest();
}

describe('floors of the lanes', () => {
  it('spare the relay the dead rows that an old snapshot keeps', async () => {
    const reader = new pg.Client(fixture.tierDatabase.adminUrl);
    await reader.connect();
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await reader.query('SELECT count(*) FROM outbox');
    await writeMany(DEAD_ROWS);
    const relay = fixture.relay();
    relay.start();
    await eventually(async () => (await depth()) === 0);
    await relay.stop();
    await fixture.rows('VACUUM outbox');
    const floors = new LaneFloors(fixture.database.system);
    expect(await raised(floors)).toBeGreaterThan(BigInt(DEAD_ROWS));
    const [without, withFloors] = [await pagesRead(NO_FLOORS), await pagesRead(floors.values())];
    await reader.query('ROLLBACK');
    await reader.end();
    expect(without).toBeGreaterThan(1000);
    expect(withFloors).toBeLessThan(200);
  });

  it('never rise over a row that a writer has not committed yet', async () => {
    const tenantId = newId();
    const late = withdrawn(tenantId);
    const floors = new LaneFloors(fixture.database.system);
    let written: () => void = () => undefined;
    const isWritten = new Promise<void>((resolve) => (written = resolve));
    let commit: () => void = () => undefined;
    const mayCommit = new Promise<void>((resolve) => (commit = resolve));
    const slow = fixture.database.tenants.transaction(tenantId, async (tx) => {
      await fixture.writer.write(tx, [late]);
      written();
      await mayCommit;
    });
    await isWritten;
    const other = newId();
    await fixture.write(other, withdrawn(other));
    await fixture.rows('DELETE FROM outbox');
    for (let look = 0; look < 5; look++) expect(await floors.nonEmptyLanes()).toEqual([]);
    expect(floors.values()).toEqual(NO_FLOORS);
    // The mutant: a floor that trusts the highest number seen. It would lose the row.
    const mutant = NO_FLOORS.map(() => '3');
    commit();
    await slow;
    const seen = (await fixture.rows<{ seq: string | null }>(PROBE, [mutant])).map((r) => r.seq);
    expect(seen.every((seq) => seq === null)).toBe(true);
    expect(await floors.nonEmptyLanes()).toHaveLength(1);
    await raised(floors);
    expect(await floors.nonEmptyLanes()).toHaveLength(1);
  });

  it('start again when the numbers do', async () => {
    await writeMany(500);
    await fixture.rows('DELETE FROM outbox');
    const floors = new LaneFloors(fixture.database.system);
    await raised(floors);
    await fixture.clear();
    const tenantId = newId();
    await fixture.write(tenantId, withdrawn(tenantId));
    await eventually(async () => (await floors.nonEmptyLanes()).length === 1);
  });

  it('count on a writer having its id before its first number', async () => {
    const tenantId = newId();
    await fixture.write(tenantId, withdrawn(tenantId));
    const text = `EXPLAIN SELECT nextval('outbox_seq_seq') FROM unnest(ARRAY[1, 2]) AS new (n)
      WHERE pg_current_xact_id() IS NOT NULL ORDER BY n`;
    const plan = await fixture.rows<{ 'QUERY PLAN': string }>(text);
    const lines = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(lines).toContain('One-Time Filter: (pg_current_xact_id() IS NOT NULL)');
  });
});
