// Jest's globalSetup: one PostgreSQL and one Kafka for all test files, unless their addresses are
// given by TEST_POSTGRES_ADMIN_URL and TEST_KAFKA_BROKERS.
import { startTestParts } from './test-parts.ts';
import { publishParts, wantedParts } from './test.config.ts';

export default async function setup() {
  const wanted = wantedParts();
  if (!wanted.postgres && !wanted.kafka) return;
  const parts = await startTestParts(wanted);
  publishParts(parts.postgresUrl, parts.brokers);
  globalThis.penguinmailsTestParts = parts;
  // A run that is told to stop reaches no globalTeardown.
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => void parts.stop().finally(() => process.kill(process.pid, signal)));
}
