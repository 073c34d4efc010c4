import type { Tier } from '../tier.js';

export interface MigrateOptions {
  readonly tier: Tier;
  /** URL of the migrator (or of a superuser). Never through a pooler. */
  readonly url: string;
  /** Folders besides this library's own; all files together run in the order of their names. */
  readonly directories: readonly string[];
}

export interface MigrationReport {
  /** Names applied by this run, in order. */
  readonly applied: readonly string[];
  /** How many stood applied before. */
  readonly present: number;
}

/**
 * Applies what is missing, each file in one transaction as the owner role. An applied file whose
 * content changed, or that is gone, is an error.
 */
export declare function migrate(options: MigrateOptions): Promise<MigrationReport>;

/**
 * Body of apps/<tier>/src/migrate.ts: migrates, prints one JSON line with the report and sets the
 * exit code.
 */
export declare function runMigrateEntryPoint(
  tier: Tier,
  directories: readonly string[],
  config: { readonly migratorUrl: { reveal(): string } },
): Promise<void>;
