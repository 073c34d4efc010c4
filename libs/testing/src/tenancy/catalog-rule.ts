/**
 * The rules for every table (data-model.md) as queries over the catalog. Each yields one row, with
 * one text column `finding`, per violation. $1 tier, $2 key exceptions (`table.constraint`).
 */
export interface CatalogRule {
  readonly name: string;
  readonly sql: string;
}

const OWN_TABLES = `WITH tables AS (
  SELECT c.oid, c.relname AS name, c.relowner, c.relrowsecurity, c.relforcerowsecurity, c.relacl,
    c.relispartition,
    CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END AS tenant_column,
    EXISTS (SELECT FROM platform_tables p WHERE p.name = c.relname) AS platform
  FROM pg_class c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
), tenant_tables AS (
  SELECT * FROM tables WHERE NOT platform AND NOT relispartition
), parameters AS (SELECT $1::text AS tier, $2::text[] AS exceptions)
`;

export const rule = (name: string, sql: string): CatalogRule => ({ name, sql: OWN_TABLES + sql });
