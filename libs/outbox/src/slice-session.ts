import type {
  Database,
  SystemSlice,
  SystemTransaction,
  TenantSlice,
  TenantTransaction,
} from '@penguinmails/database';
import { type Causes, rememberCauses } from './causes.js';
import type { HandlerLogin } from './handles-event.js';

/** One transaction over records of several tenants, on either login. */
export interface SliceSession {
  /** Reaches tables without tenant data; on the system login every table of its policies. */
  readonly platform: TenantSlice | SystemSlice;
  /** Where rows of this tenant are read and written, and what its handlers get. */
  scope(tenantId: string): Promise<TenantTransaction | SystemTransaction>;
}

/** Runs the work in one transaction of the login; what it writes may name the causes. */
export function inSliceSession<T>(
  database: Database,
  login: HandlerLogin,
  causes: Causes,
  work: (session: SliceSession) => Promise<T>,
): Promise<T> {
  if (login === 'app') {
    return database.tenants.slice((slice) => work(tenantSession(slice, causes)));
  }
  return database.system.slice((slice) => {
    rememberCauses(slice, causes);
    return work({ platform: slice, scope: async () => slice });
  });
}

function tenantSession(slice: TenantSlice, causes: Causes): SliceSession {
  return {
    platform: slice,
    async scope(tenantId) {
      const tx = await slice.forTenant(tenantId);
      rememberCauses(tx, causes);
      return tx;
    },
  };
}
