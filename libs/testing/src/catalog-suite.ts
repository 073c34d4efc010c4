import type { TierDatabase, TierName } from './tier-database.js';

export interface CatalogExpectations {
  /** Tables without tenant data besides those every tier has; must equal what the catalog lists. */
  readonly platformTables?: readonly string[];
  /** Constraints that need not start with tenant_id, as `table.constraint`. */
  readonly keyExceptions?: readonly string[];
}

/** Registers jest tests over each table of the tier's database (data-model.md, rules for every table). */
export declare function catalogSuite(
  tier: TierName,
  database: () => TierDatabase,
  expectations?: CatalogExpectations,
): void;

/** Registers the attack probes of tenancy.md section 7, generated from the catalog. */
export declare function tenantIsolationSuite(tier: TierName, database: () => TierDatabase): void;
