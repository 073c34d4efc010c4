/** The five database tiers, in the order of the seed. */
export const tiers = ['oltp', 'content', 'olap', 'queue', 'notifications'] as const;

export type Tier = (typeof tiers)[number];

/** The PostgreSQL roles of one tier's database (data-model.md, "Rules for every table"). */
export interface TierRoles {
  /** NOLOGIN, owns every object. */
  readonly owner: string;
  /** LOGIN, BYPASSRLS: sets role to the owner for DDL, stays itself for backfills. */
  readonly migrator: string;
  /** LOGIN: tenant work under row level security. */
  readonly app: string;
  /** LOGIN: work about all tenants, on tables whose policies name it. */
  readonly system: string;
  /** LOGIN: reads, one tenant at a time. */
  readonly ro: string;
}

export function tierRoles(tier: Tier): TierRoles {
  return {
    owner: `${tier}_owner`,
    migrator: `${tier}_migrator`,
    app: `${tier}_app`,
    system: `${tier}_system`,
    ro: `${tier}_ro`,
  };
}
