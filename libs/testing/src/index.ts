export { catalogSuite, tenantIsolationSuite, type CatalogExpectations } from './catalog-suite.js';
export { eventually, type EventuallyOptions } from './eventually.js';
export {
  collectEvents,
  produceEvents,
  testBrokers,
  type CollectedEvent,
  type EventCollector,
  type TestEvent,
} from './events.js';
export { freePort } from './free-port.js';
export { SmtpSink, type SinkMessage, type SmtpSinkOptions } from './smtp-sink.js';
export { testKeys, type TestKeyPair, type TestKeys } from './test-keys.js';
export { createTierDatabase, type TierDatabase, type TierName } from './tier-database.js';
