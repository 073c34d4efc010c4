export { Database, openDatabase, type PoolStats } from './database.js';
export { DatabaseModule } from './database.module.js';
export {
  migrate,
  runMigrateEntryPoint,
  type MigrateOptions,
  type MigrationReport,
} from './migrations/migrate.js';
export { migrationDirectory } from './migrations/migration-directory.js';
export { renderSchema, type RenderOptions } from './migrations/render-schema.js';
export * from './pg-errors.js';
export * from './settings.js';
export { SystemDatabase } from './system-database.js';
export { TenantDatabase } from './tenant-database.js';
export * from './tier.js';
export type * from './transactions.js';
