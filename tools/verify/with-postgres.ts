import { startTestParts } from '../test/test-parts.ts';
import { adminUrlOfEnvironment, useAdminUrl } from './verify.config.ts';

/** Runs `work` with the PostgreSQL of TEST_POSTGRES_ADMIN_URL, or with one started for it. */
export async function withPostgres<T>(work: () => Promise<T>): Promise<T> {
  const given = adminUrlOfEnvironment();
  if (given) return work();
  const parts = await startTestParts({ postgres: true, kafka: false });
  try {
    useAdminUrl(parts.postgresUrl ?? '');
    return await work();
  } finally {
    await parts.stop();
  }
}
