import { noProcessEnv } from './no-process-env.mjs';
import { noRawDataSource } from './no-raw-data-source.mjs';
import { noSessionState } from './no-session-state.mjs';
import { repositoryTakesTransaction } from './repository-takes-transaction.mjs';
import { routeDeclaresAccess } from './route-declares-access.mjs';
import { statementNamesTenant } from './statement-names-tenant.mjs';

/** House rules: each states one decision of CONTRIBUTING.md that a reviewer would repeat. */
export default {
  rules: {
    'no-process-env': noProcessEnv,
    'no-raw-data-source': noRawDataSource,
    'no-session-state': noSessionState,
    'repository-takes-transaction': repositoryTakesTransaction,
    'route-declares-access': routeDeclaresAccess,
    'statement-names-tenant': statementNamesTenant,
  },
};
