/** What a migrate entry point needs, without TypeORM and Nest: five of them run at every start. */
export { type MigrateConfig, runMigrateEntryPoint } from './migrate-entry-point.js';
