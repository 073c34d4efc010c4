import { afterAll, beforeAll } from '@jest/globals';
import {
  catalogSuite,
  createTierDatabase,
  tenantIsolationSuite,
  type TierDatabase,
} from '@penguinmails/testing';

let database: TierDatabase;
beforeAll(async () => {
  database = await createTierDatabase('olap');
});
afterAll(() => database.drop());

catalogSuite('olap', () => database);
tenantIsolationSuite('olap');
