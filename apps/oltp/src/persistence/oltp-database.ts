import {
  type ConfiguredUrls,
  type DatabaseSettings,
  tierDatabaseSettings,
} from '@penguinmails/database';

/**
 * Every statement of this tier walks along an index or looks rows up by their keys. The planner is
 * offered nothing else: a plan is made while a table is new or a tenant is small, kept with its
 * statement, and must still be right when both have grown (ADR 24).
 */
const PLANNER = [
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'enable_material=off',
  // Answers are not kept for the next row: it may be another tenant's (ADR 25).
  'enable_memoize=off',
  // There is one good plan for each: planning anew for every call costs more than executing.
  'plan_cache_mode=force_generic_plan',
];

/** Settings of the tier's database from its parsed configuration. */
export function oltpDatabaseSettings(
  urls: ConfiguredUrls,
  more: Pick<DatabaseSettings, 'entities' | 'onProblem'>,
): DatabaseSettings {
  const sessions = { app: PLANNER, system: PLANNER };
  return tierDatabaseSettings('oltp', urls, { ...more, sessions });
}
