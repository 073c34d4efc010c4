import { afterAll, beforeAll } from '@jest/globals';
import {
  catalogSuite,
  createTierDatabase,
  tenantIsolationSuite,
  type TierDatabase,
} from '@penguinmails/testing';

let database: TierDatabase;
beforeAll(async () => {
  database = await createTierDatabase('content');
});
afterAll(() => database.drop());

catalogSuite('content', () => database);
tenantIsolationSuite('content');
