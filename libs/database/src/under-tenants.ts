/**
 * The rows of a relation, each handed on under its own tenant: for the statement of `TenantDatabase.rowByRow`.
 * Before a row leaves this sub-select, `app.current_tenant_id` is its tenant, taken from the list that is
 * `$1`, and stands until the next row leaves one. `own_tenant` is what the setting then says: look-ups
 * and inserts take it as the tenant, so that they depend on this sub-select and cannot run before it.
 *
 * Whatever is read or written for a row has to happen before the next row is taken: nothing above may
 * sort, hash or collect these rows first (order them inside of `relation`; follow up with
 * `CROSS JOIN LATERAL (… OFFSET 0)`). Where a plan does so nevertheless, the policies see the tenant of
 * another row: reads find nothing and writes are refused, they never reach another tenant's rows.
 *
 * @param relation a table, a CTE or a sub-select in brackets
 * @param place its column with the row's place in `$1`, from 0
 */
export const underTenants = (relation: string, place: string): string => `(
  SELECT set_config('app.current_tenant_id', ($1::uuid[])[r.${place} + 1]::text, true)::uuid
    AS own_tenant, r.*
  FROM ${relation} AS r OFFSET 0)`;
