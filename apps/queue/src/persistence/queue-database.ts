import {
  type ConfiguredUrls,
  type DatabaseSettings,
  tierDatabaseSettings,
} from '@penguinmails/database';

/**
 * The statistics of a queue are wrong whenever they matter: analysed while it was empty, they say
 * "no row is pending" of a table that has a million. The planner then collects and sorts all of them
 * for each claim, or hashes the whole table to find 500 rows by their keys. A plan that was made beside
 * an empty table is kept besides: reading the few pages of then was cheapest, and every claim reads
 * the million of now. All statements of the system login are walks along an index or look-ups by
 * key, so it is not offered anything else (ADR 24, 27); what counts whole tables says so itself.
 */
const PLANNER = [
  'enable_seqscan=off',
  'enable_material=off',
  'enable_bitmapscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'enable_sort=off',
  // Else a lane seems to be read as cheaply out of the seed's index, from among all other lanes.
  'enable_incremental_sort=off',
  // There is one good plan for each: planning anew for every call costs 2 ms of a claim's 4.
  'plan_cache_mode=force_generic_plan',
];

/** Settings of the tier's database from its parsed configuration. */
export function queueDatabaseSettings(
  urls: ConfiguredUrls,
  onProblem?: DatabaseSettings['onProblem'],
): DatabaseSettings {
  return tierDatabaseSettings('queue', urls, { onProblem, sessions: { system: PLANNER } });
}
