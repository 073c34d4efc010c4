export { UnsafeLogin } from './connection/assert-login.js';
export type { PoolStats } from './connection/login.js';
export { Database, openDatabase } from './database.js';
export { isTenantBusy, TenantBusy } from './fair-use/tenant-busy.js';
export { DatabaseModule } from './database.module.js';
export { MigrationConflict } from './migrations/applied-migrations.js';
export {
  migrate,
  MigrationFailed,
  type MigrateOptions,
  type MigrationReport,
} from './migrations/migrate.js';
export { MigrationFileError } from './migrations/migration-files.js';
export { migrationDirectory } from './migrations/migration-directory.js';
export { renderSchema, type RenderOptions } from './migrations/render-schema.js';
export * from './pg-errors.js';
export * from './settings.js';
export { SystemDatabase } from './system-database.js';
export { TenantDatabase } from './tenant-database.js';
export * from './tier.js';
export * from './transaction/transaction-errors.js';
export type * from './transactions.js';
export { LOOK_UP_PLANS } from './look-up-plans.js';
export { underTenants } from './under-tenants.js';
export { PeriodicTask, type PeriodicTaskSettings } from './periodic-task.js';
