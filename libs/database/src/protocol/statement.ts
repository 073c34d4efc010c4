import { type BoundValue, bindValues } from './pg-internals.js';

/** One statement of a batch, its values ready for the wire. */
export interface Statement {
  readonly text: string;
  readonly values: readonly BoundValue[];
  /** Prepared under this name once per connection; '' = not kept. */
  readonly name: string;
  /** The rows are wanted as objects; without it only the first column of the last row as text. */
  readonly described: boolean;
}

export function statement(text: string, values: readonly unknown[] = [], name = ''): Statement {
  return { text, values: bindValues(values), name, described: true };
}

function control(text: string, name: string): Statement {
  return { text, values: [], name, described: false };
}

export const BEGIN = control('BEGIN', 'pm_begin');
export const COMMIT = control('COMMIT', 'pm_commit');
export const ROLLBACK = control('ROLLBACK', 'pm_rollback');

/** The tenant that is set in the session, as text; '' or NULL when there is none. */
export const READ_TENANT = control(
  "SELECT current_setting('app.current_tenant_id', true)",
  'pm_read_tenant',
);

/** Answers with the tenant that stood before: there must be none at the start of a transaction. */
export function setTenant(tenantId: string): Statement {
  return {
    text:
      "SELECT current_setting('app.current_tenant_id', true)," +
      " set_config('app.current_tenant_id', $1, true)",
    values: [tenantId],
    name: 'pm_set_tenant',
    described: false,
  };
}

export const SET_READ_ONLY = control(
  "SELECT set_config('transaction_read_only', 'on', true)",
  'pm_set_read_only',
);

/**
 * What a statement over rows of several tenants begins with: 55P03 after half a second behind somebody
 * else's lock, and which tenant stood before. The tenant that it sets is nobody: until the statement has
 * set one, it sees no rows and writes none (the planner evaluates the policies, which want a UUID).
 */
export const LEAD_FOR_ROWS = control(
  "SELECT current_setting('app.current_tenant_id', true), set_config('lock_timeout', '500ms', true)," +
    " set_config('app.current_tenant_id', 'ffffffff-ffff-ffff-ffff-ffffffffffff', true)",
  'pm_lead_for_rows',
);

/** BEGIN with the options of a transaction. */
export function begin(readOnly: boolean, isolation?: string): Statement {
  if (!readOnly && !isolation) return BEGIN;
  const modes = [
    isolation && `ISOLATION LEVEL ${isolation.toUpperCase()}`,
    readOnly && 'READ ONLY',
  ];
  return control(`BEGIN ${modes.filter(Boolean).join(', ')}`, '');
}
