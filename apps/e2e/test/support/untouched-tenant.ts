import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import { copiesTo } from './inbox.js';
import { Tenant } from './tenant.js';
import { TenantRows } from './tenant-rows.js';

/** What comes last, by events of several topics: the owner's notice, the tenant's prices, its counted e-mail. */
const LAST_TO_COME = [
  'notifications.notifications',
  'olap.tenant_prices',
  'olap.email_activity_hourly',
] as const;

/**
 * A tenant whose rows in all five databases must be the same after each test of the file as before.
 * One e-mail of its has gone all the way, so that every kind of row is there to be multiplied.
 */
export function untouchedTenant(): () => Tenant {
  let rows: TenantRows;
  let tenant: Tenant;
  let before: Record<string, number>;

  beforeAll(async () => {
    rows = await TenantRows.open();
    tenant = await Tenant.create();
    await tenant.untilStatus((await tenant.send()).id, 'delivered');
    before = await eventually(async () => {
      const counts = await rows.count(tenant.id);
      const published = Object.entries(counts).every(
        ([name, n]) => !name.endsWith('.outbox') || !n,
      );
      return published && LAST_TO_COME.every((name) => counts[name] === 1) && counts;
    });
  });

  afterEach(async () => {
    expect(await rows.count(tenant.id)).toEqual(before);
    expect(await copiesTo('evil@injected.test')).toEqual([]);
  });

  afterAll(() => rows.close());

  return () => tenant;
}
