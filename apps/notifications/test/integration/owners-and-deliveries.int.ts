import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import {
  type Database,
  openDatabase,
  seedPools,
  type TenantTransaction,
} from '@penguinmails/database';
import { createTierDatabase, eventually, type TierDatabase } from '@penguinmails/testing';
import { DeliverySummaryRepository } from '../../src/delivery-summary/delivery-summary.repository.js';
import { NotificationRepository } from '../../src/notification/notification.repository.js';
import { RecipientRepository } from '../../src/recipient/recipient.repository.js';

describe('an owner and a delivery that become known at the same time', () => {
  const recipients = new RecipientRepository();
  const summaries = new DeliverySummaryRepository();
  let tier: TierDatabase;
  let database: Database;

  beforeAll(async () => {
    tier = await createTierDatabase('notifications');
    const { app, system } = seedPools.notifications;
    database = openDatabase({
      tier: 'notifications',
      app: { ...app, url: tier.appUrl },
      system: { ...system, url: tier.systemUrl },
      pooled: false,
    });
  });
  afterAll(async () => {
    await database.close();
    await tier.drop();
  });

  const addOwner = (userId: string) => async (tx: TenantTransaction) => {
    await recipients.addOwner(tx, userId);
    await summaries.announce(tx, null);
  };
  const countDelivery = async (tx: TenantTransaction) => {
    await recipients.holdOwners(tx);
    await summaries.count(tx, 'delivered', [{ day: '2026-11-22', count: 1 }]);
    await summaries.announce(tx, ['2026-11-22']);
  };

  /** Runs `first`, and `second` while the first has not committed yet. */
  async function overlap(
    tenantId: string,
    first: (tx: TenantTransaction) => Promise<void>,
    second: (tx: TenantTransaction) => Promise<void>,
  ) {
    const [started, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const one = database.tenants.transaction(tenantId, async (tx) => {
      await first(tx);
      started.resolve();
      await commit.promise;
    });
    await started.promise;
    const two = database.tenants.transaction(tenantId, second);
    await eventually(waits);
    commit.resolve();
    await Promise.all([one, two]);
  }

  const waits = async () => {
    const { rows } = await database.system.once((tx) =>
      tx.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`),
    );
    return rows.length > 0;
  };

  const feed = (tenantId: string, userId: string) => {
    const filter = { userId, unread: null, channel: null, after: null, limit: 10 };
    const notifications = new NotificationRepository();
    return database.tenants.once(tenantId, (tx) => notifications.feed(tx, filter));
  };

  it.each([
    ['the owner first', 'owner'],
    ['the delivery first', 'delivery'],
  ])('ends in one summary: %s', async (_, firstOne) => {
    const [tenantId, userId] = [newId(), newId()];
    const owner = addOwner(userId);
    if (firstOne === 'owner') await overlap(tenantId, owner, countDelivery);
    else await overlap(tenantId, countDelivery, owner);
    const [summary, ...more] = await feed(tenantId, userId);
    expect(summary).toMatchObject({ message: '1 delivered, 0 bounced, 0 failed' });
    expect(more).toEqual([]);
  });

  it('lets deliveries of one tenant pass each other up to the day they share', async () => {
    const tenantId = newId();
    await database.tenants.transaction(tenantId, async (tx) => {
      await recipients.holdOwners(tx);
      await database.tenants.transaction(tenantId, (other) => recipients.holdOwners(other));
    });
    expect(await waits()).toBe(false);
  });
});
