import { startTestParts } from '../test/test-parts.ts';
import { useAdminUrl } from '../verify/verify.config.ts';

/** Runs a bench with a PostgreSQL that keeps what it acknowledges and a Kafka, both its own. */
export async function withServers(bench: (brokers: string) => Promise<void>): Promise<void> {
  const parts = await startTestParts({ postgres: true, kafka: true, durable: true });
  try {
    useAdminUrl(parts.postgresUrl ?? '');
    await bench(parts.brokers ?? '');
  } finally {
    await parts.stop();
  }
}
