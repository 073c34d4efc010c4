export { collectEvents, type CollectedEvent, type EventCollector } from './collect-events.js';
export { eventually, type EventuallyOptions } from './eventually.js';
export { explainPrepared, type PlanMode, planModes } from './explained-statement.js';
export { freePort } from './free-port.js';
export { testBrokers } from './kafka-client.js';
export { measured, type Measured } from './measured.js';
export { awayFromMidnight } from './midnight.js';
export { oneAtATime } from './one-at-a-time.js';
export { patientPools } from './patient-pools.js';
export {
  ensureTestTopics,
  eventRecord,
  produceEvents,
  produceRecords,
  type TestEvent,
  type TestRecord,
} from './produce-events.js';
export { SmtpSink, type SinkMessage, type SinkReply, type SmtpSinkOptions } from './smtp-sink.js';
export { testKeys, type TestKeyPair, type TestKeys } from './test-keys.js';
export {
  createTierDatabase,
  type TierDatabase,
  type TierDatabaseOptions,
  type TierName,
} from './tier-database.js';
export type { CatalogExpectations } from './tenancy/catalog-findings.js';
export { catalogSuite } from './tenancy/catalog-suite.js';
export { tenantIsolationSuite } from './tenancy/tenant-isolation-suite.js';
