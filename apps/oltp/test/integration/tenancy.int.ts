import { afterAll, beforeAll } from '@jest/globals';
import {
  catalogSuite,
  createTierDatabase,
  tenantIsolationSuite,
  type TierDatabase,
} from '@penguinmails/testing';

let database: TierDatabase;

beforeAll(async () => {
  database = await createTierDatabase('oltp');
});

afterAll(() => database.drop());

catalogSuite('oltp', () => database, { platformTables: ['plans'] });
tenantIsolationSuite('oltp');
