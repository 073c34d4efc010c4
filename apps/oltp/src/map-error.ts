import { isInfrastructure, isTenantBusy } from '@penguinmails/database';
import { databaseProblems } from '@penguinmails/http/problem';

/** For routes and for calls that came together alike. */
export const mapError = databaseProblems('oltp', { isInfrastructure, isTenantBusy });
