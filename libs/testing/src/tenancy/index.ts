/** The part of the isolation battery that needs no jest. */
export { createTierDatabase, type TierDatabase, type TierName } from '../tier-database.js';
export { withAdmin } from '../admin-connection.js';
export { testPostgresAdminUrl } from '../testing.config.js';
export { catalogFindings } from './catalog-findings.js';
export { catalogRules } from './catalog-rules.js';
export { insertRow, type ProbedTable } from './dummy-rows.js';
export {
  isolationLeaks,
  type Leak,
  seedForProbes,
  type SeededTables,
} from './isolation-findings.js';
