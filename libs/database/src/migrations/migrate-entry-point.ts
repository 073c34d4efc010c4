import type { Tier } from '../tier.js';
import { migrate } from './migrate.js';

/** What the entry point needs of the tier's configuration: <TIER>_DB_MIGRATOR_URL. */
export interface MigrateConfig {
  readonly migratorUrl: { reveal(): string };
}

/**
 * Body of apps/<tier>/src/migrate.ts: migrates, prints one JSON line with the report and sets the
 * exit code. `directories` are the outbox library's and the app's own.
 */
export async function runMigrateEntryPoint(
  tier: Tier,
  directories: readonly string[],
  config: MigrateConfig,
): Promise<void> {
  try {
    const report = await migrate({ tier, url: config.migratorUrl.reveal(), directories });
    process.stdout.write(`${JSON.stringify({ tier, ...report })}\n`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${JSON.stringify({ tier, error: message })}\n`);
    process.exitCode = 1;
  }
}
