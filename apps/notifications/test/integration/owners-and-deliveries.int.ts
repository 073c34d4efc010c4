import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import {
  type Database,
  openDatabase,
  seedPools,
  type SystemTransaction,
  type TenantTransaction,
} from '@penguinmails/database';
import {
  createTierDatabase,
  eventually,
  patientPools,
  type TierDatabase,
} from '@penguinmails/testing';
import { DeliverySummaryRepository } from '../../src/delivery-summary/delivery-summary.repository.js';
import { DeliverySummarySystemRepository } from '../../src/delivery-summary/delivery-summary.system.repository.js';
import { NotificationRepository } from '../../src/notification/notification.repository.js';
import { RecipientRepository } from '../../src/recipient/recipient.repository.js';

describe('an owner and a delivery that become known at the same time', () => {
  const recipients = new RecipientRepository();
  const ofTenant = new DeliverySummaryRepository();
  const summaries = new DeliverySummarySystemRepository();
  let tier: TierDatabase;
  let database: Database;

  beforeAll(async () => {
    tier = await createTierDatabase('notifications');
    const { app, system } = seedPools.notifications;
    const logins = {
      app: { ...app, url: tier.appUrl },
      system: { ...system, url: tier.systemUrl },
    };
    database = openDatabase({ tier: 'notifications', pooled: false, ...patientPools(logins) });
  });
  afterAll(async () => {
    await database.close();
    await tier.drop();
  });

  const addOwner = (userId: string) => async (tx: TenantTransaction) => {
    await recipients.addOwner(tx, userId);
    await ofTenant.announceAll(tx);
  };
  const countDelivery = (tenantId: string) => async (tx: SystemTransaction) => {
    const counts = [{ tenantId, day: '2026-11-22', count: 1 }];
    await summaries.hold(tx, counts);
    await summaries.count(tx, 'delivered', counts);
    await summaries.announce(tx, counts);
  };
  type Run = (whileOpen: () => Promise<void>) => Promise<void>;
  const asOwner =
    (tenantId: string, userId: string): Run =>
    (whileOpen) =>
      database.tenants.transaction(tenantId, async (tx) => {
        await addOwner(userId)(tx);
        await whileOpen();
      });
  const asDelivery =
    (tenantId: string): Run =>
    (whileOpen) =>
      database.system.transaction(async (tx) => {
        await countDelivery(tenantId)(tx);
        await whileOpen();
      });

  /** Runs `first`, and `second` while the first has not committed yet. */
  async function overlap(first: Run, second: Run) {
    const [started, commit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const one = first(async () => {
      started.resolve();
      await commit.promise;
    });
    await started.promise;
    const two = second(async () => undefined);
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
    const runs = [asOwner(tenantId, userId), asDelivery(tenantId)] as const;
    const [first, second] = firstOne === 'owner' ? runs : [runs[1], runs[0]];
    await overlap(first, second);
    const [summary, ...more] = await feed(tenantId, userId);
    expect(summary).toMatchObject({ message: '1 delivered, 0 bounced, 0 failed' });
    expect(more).toEqual([]);
  });

  it('counts each tenant of a slice by itself, one that has no row included', async () => {
    const [mine, theirs, userId] = [newId(), newId(), newId()];
    await asOwner(mine, userId)(async () => undefined);
    const day = '2026-11-22';
    const counts = [
      { tenantId: mine, day, count: 2 },
      { tenantId: theirs, day, count: 5 },
    ];
    const slice = () =>
      database.system.transaction(async (tx) => {
        await summaries.hold(tx, counts);
        await summaries.count(tx, 'bounced', counts);
        await summaries.announce(tx, counts);
      });
    await slice();
    await slice();
    expect(await feed(mine, userId)).toMatchObject([
      { message: '0 delivered, 4 bounced, 0 failed' },
    ]);
    expect(await feed(theirs, userId)).toEqual([]);
  });
});
