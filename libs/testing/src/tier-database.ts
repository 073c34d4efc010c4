/** A database of one tier, cloned from a template; the roles have the test passwords. */
export interface TierDatabase {
  readonly name: string;
  readonly appUrl: string;
  readonly systemUrl: string;
  readonly roUrl: string;
  readonly migratorUrl: string;
  /** Superuser in this database. */
  readonly adminUrl: string;
  /** Ends the sessions that are left and drops the database. */
  drop(): Promise<void>;
}

export type TierName = 'oltp' | 'content' | 'olap' | 'queue' | 'notifications';

/**
 * A fresh database with the schema of schemas/<tier>/schema.sql, on the cluster of
 * TEST_POSTGRES_ADMIN_URL. The template is built once per content of the schema file.
 */
export declare function createTierDatabase(tier: TierName): Promise<TierDatabase>;
