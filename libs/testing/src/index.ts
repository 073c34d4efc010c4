export { eventually, type EventuallyOptions } from './eventually.js';
export { freePort } from './free-port.js';
export { testKeys, type TestKeyPair, type TestKeys } from './test-keys.js';
export {
  createTierDatabase,
  type TierDatabase,
  type TierDatabaseOptions,
  type TierName,
} from './tier-database.js';
