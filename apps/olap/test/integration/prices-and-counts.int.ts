import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { type Database, openDatabase, seedPools } from '@penguinmails/database';
import {
  createTierDatabase,
  eventually,
  patientPools,
  type TierDatabase,
} from '@penguinmails/testing';
import { ActivitySystemRepository } from '../../src/activity/activity.system.repository.js';
import { CountEmails } from '../../src/activity/count-emails.js';
import { BillingRepository } from '../../src/billing/billing.repository.js';
import { BillingSystemRepository } from '../../src/billing/billing.system.repository.js';

type Run = (tenantId: string, whileOpen: () => Promise<void>) => Promise<void>;

const WAITING = `SELECT count(*)::int AS n FROM pg_locks
  WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

describe('a price and a count that become known at the same time', () => {
  const billing = new BillingRepository();
  const count = new CountEmails(new ActivitySystemRepository(), new BillingSystemRepository());
  let tier: TierDatabase;
  let database: Database;

  beforeAll(async () => {
    tier = await createTierDatabase('olap');
    const { app, system } = seedPools.olap;
    const logins = {
      app: { ...app, url: tier.appUrl },
      system: { ...system, url: tier.systemUrl },
    };
    database = openDatabase({ tier: 'olap', pooled: false, ...patientPools(logins) });
  });
  afterAll(async () => {
    await database.close();
    await tier.drop();
  });

  const setPrice: Run = (tenantId, whileOpen) =>
    database.tenants.transaction(tenantId, async (tx) => {
      const plan = { plan_code: 'starter', price_per_thousand: 250, currency: 'USD' };
      await billing.setPrice(tx, plan);
      await whileOpen();
    });
  const countOne: Run = (tenantId, whileOpen) =>
    database.system.transaction(async (tx) => {
      const at = new Date('2026-11-15T10:30:00Z');
      const sent = [{ tenantId, mode: 'live', at, bytes: 0 } as const];
      await count.execute(tx, { kind: 'sent', billed: 'sent' }, sent);
      await whileOpen();
    });

  const someoneWaits = () =>
    database.system.once(async (tx) => (await tx.query<{ n: number }>(WAITING)).rows[0].n > 0);

  /** Runs `first`, and `second` while the first has not committed yet. */
  async function overlap(tenantId: string, first: Run, second: Run): Promise<void> {
    const started = Promise.withResolvers<void>();
    const commit = Promise.withResolvers<void>();
    const one = first(tenantId, async () => {
      started.resolve();
      await commit.promise;
    });
    await started.promise;
    let ended = false;
    const other = second(tenantId, async () => undefined).then(() => (ended = true));
    await eventually(async () => expect(ended || (await someoneWaits())).toBe(true));
    commit.resolve();
    await Promise.all([one, other]);
  }

  it.each([
    ['the price is set while a count is open', countOne, setPrice],
    ['a count comes while the price is being set', setPrice, countOne],
  ])('%s', async (_, first, second) => {
    const tenantId = newId();
    await overlap(tenantId, first, second);
    const range = { from: '2026-11-01', to: '2026-11-30', limit: 1 };
    const [month] = await database.tenants.once(tenantId, (tx) => billing.periods(tx, range));
    expect(month).toMatchObject({ emails_sent: 1, estimated_cost_usd: '0.0025' });
  });
});
