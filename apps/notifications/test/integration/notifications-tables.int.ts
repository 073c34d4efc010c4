import { afterAll, beforeAll } from '@jest/globals';
import {
  catalogSuite,
  createTierDatabase,
  tenantIsolationSuite,
  type TierDatabase,
} from '@penguinmails/testing';

let database: TierDatabase;
beforeAll(async () => {
  database = await createTierDatabase('notifications');
});
afterAll(() => database.drop());

catalogSuite('notifications', () => database);
tenantIsolationSuite('notifications');
