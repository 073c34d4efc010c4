import type { DynamicModule } from '@nestjs/common';
import type { DatabaseSettings } from './settings.js';

/** Global; provides Database, TenantDatabase and SystemDatabase. */
export declare class DatabaseModule {
  static forTier(settings: DatabaseSettings): DynamicModule;
}
