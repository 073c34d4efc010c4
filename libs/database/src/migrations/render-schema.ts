import type { Tier } from '../tier.js';

export interface RenderOptions {
  readonly tier: Tier;
  /** Folders besides this library's own; missing ones are skipped. */
  readonly directories: readonly string[];
  /** Text of infra/postgres/roles.sql. */
  readonly roles: string;
}

/** The whole schema as one SQL script for an empty database, run by a superuser with psql. */
export declare function renderSchema(options: RenderOptions): Promise<string>;
