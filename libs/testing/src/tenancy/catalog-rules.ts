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

const rule = (name: string, sql: string): CatalogRule => ({ name, sql: OWN_TABLES + sql });

const rowSecurity: CatalogRule[] = [
  rule(
    'each table of a tenant and each partition has ENABLE and FORCE ROW LEVEL SECURITY',
    `SELECT name AS finding FROM tables
     WHERE (relispartition OR NOT platform) AND NOT (relrowsecurity AND relforcerowsecurity)`,
  ),
  rule(
    'each table of a tenant has exactly one policy for the app, with USING and the same CHECK',
    `SELECT t.name AS finding FROM tenant_tables t
     WHERE (
       SELECT count(*) FILTER (
         WHERE permissive = 'PERMISSIVE' AND cmd = 'ALL' AND qual = with_check
           AND roles @> ARRAY[(tier || '_app')::name]
           AND roles <@ ARRAY[(tier || '_app')::name, (tier || '_ro')::name]
           AND qual = format('(%I = (current_setting(''app.current_tenant_id''::text))::uuid)',
             t.tenant_column)
       ) <> 1 OR count(*) FILTER (WHERE roles && ARRAY[(tier || '_app')::name, 'public']) <> 1
       FROM pg_policies p, parameters
       WHERE p.schemaname = 'public' AND p.tablename = t.name
       GROUP BY tier
     ) IS DISTINCT FROM false`,
  ),
  rule(
    'besides it there is at most one policy, for the system login',
    `SELECT p.tablename || '.' || p.policyname AS finding FROM pg_policies p, parameters
     WHERE p.schemaname = 'public' AND p.policyname <> 'tenant_isolation'
       AND NOT (p.policyname = 'system_access' AND roles = ARRAY[(tier || '_system')::name]
         AND permissive = 'PERMISSIVE')`,
  ),
  rule(
    'partitions have no policy and no rights for anybody',
    `SELECT t.name AS finding FROM tables t
     WHERE relispartition AND (
       EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = t.oid)
       OR EXISTS (SELECT FROM aclexplode(t.relacl) a WHERE a.grantee <> t.relowner)
     )`,
  ),
  rule(
    'tables without tenant data have no tenant_id and no policy',
    `SELECT name AS finding FROM tables t
     WHERE platform AND (
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id')
       OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = t.oid)
     )`,
  ),
];

const columnsAndKeys: CatalogRule[] = [
  rule(
    'tenant_id is a uuid, NOT NULL, and defaults to the tenant of the transaction',
    `SELECT t.name AS finding FROM tenant_tables t
     WHERE NOT EXISTS (
       SELECT FROM pg_attribute a
       WHERE a.attrelid = t.oid AND a.attname = t.tenant_column AND a.attnotnull
         AND a.atttypid = 'uuid'::regtype
         AND (t.tenant_column = 'id' OR EXISTS (
           SELECT FROM pg_attrdef d WHERE d.adrelid = t.oid AND d.adnum = a.attnum
             AND pg_get_expr(d.adbin, d.adrelid)
               = '(current_setting(''app.current_tenant_id''::text))::uuid'))
     )`,
  ),
  rule(
    'each table has a primary key',
    `SELECT name AS finding FROM tables t
     WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)`,
  ),
  rule(
    'PRIMARY KEY and UNIQUE start with the tenant',
    `SELECT t.name || '.' || c.relname AS finding
     FROM tenant_tables t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
     JOIN pg_class c ON c.oid = i.indexrelid
     LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0], parameters
     WHERE a.attname IS DISTINCT FROM t.tenant_column
       AND NOT t.name || '.' || c.relname = ANY (exceptions)`,
  ),
  rule(
    'FOREIGN KEY starts with the tenant on both sides, unless it points at platform data',
    `SELECT t.name || '.' || k.conname AS finding
     FROM tenant_tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
     JOIN tables f ON f.oid = k.confrelid
     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1]
     JOIN pg_attribute b ON b.attrelid = f.oid AND b.attnum = k.confkey[1], parameters
     WHERE NOT f.platform AND NOT (a.attname = t.tenant_column AND b.attname = f.tenant_column)
       AND NOT t.name || '.' || k.conname = ANY (exceptions)`,
  ),
  rule(
    'no column is of an enum type',
    `SELECT t.name || '.' || a.attname AS finding
     FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND NOT a.attisdropped
     JOIN pg_type y ON y.oid = a.atttypid AND y.typtype = 'e'`,
  ),
  rule(
    'indexes of tables of tenants use leakproof operators on plain columns',
    `SELECT t.name || '.' || c.relname AS finding
     FROM tenant_tables t JOIN pg_index i ON i.indrelid = t.oid
     JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indexprs IS NOT NULL OR EXISTS (
       SELECT FROM unnest(i.indclass) AS class JOIN pg_opclass o ON o.oid = class
       JOIN pg_amop m ON m.amopfamily = o.opcfamily
         AND m.amoplefttype = o.opcintype AND m.amoprighttype = o.opcintype
       JOIN pg_operator p ON p.oid = m.amopopr JOIN pg_proc f ON f.oid = p.oprcode
       WHERE NOT f.proleakproof
     )`,
  ),
];

const rights: CatalogRule[] = [
  rule(
    'everything belongs to the owner role',
    `SELECT name AS finding FROM (
       SELECT relname AS name, relowner AS owner FROM pg_class
       WHERE relnamespace = 'public'::regnamespace
       UNION ALL
       SELECT proname, proowner FROM pg_proc WHERE pronamespace = 'public'::regnamespace
     ) objects, parameters
     WHERE owner <> (tier || '_owner')::regrole`,
  ),
  rule(
    'only the migrator may bypass row level security; the logins are members of nothing',
    `SELECT r.rolname AS finding FROM pg_roles r, parameters
     WHERE r.rolname LIKE tier || '\\_%' AND (
       r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
       OR (r.rolbypassrls AND r.rolname <> tier || '_migrator')
       OR (r.rolcanlogin AND r.rolname = tier || '_owner')
       OR (r.rolname <> tier || '_migrator' AND EXISTS (
         SELECT FROM pg_auth_members m WHERE m.member = r.oid)))`,
  ),
  rule(
    'the logins have row rights at most, without grant option; PUBLIC has none',
    `SELECT c.relname || ': ' || a.grantee::regrole || ' ' || a.privilege_type AS finding
     FROM pg_class c, LATERAL aclexplode(c.relacl) a
     WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner
       AND (a.is_grantable OR a.grantee = 0
         OR a.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))`,
  ),
  rule(
    'no login may create: not in the schema, no temporary tables',
    `SELECT r.rolname AS finding FROM pg_roles r, parameters
     WHERE r.rolname IN (tier || '_app', tier || '_system', tier || '_ro') AND (
       has_schema_privilege(r.oid, 'public', 'CREATE')
       OR has_database_privilege(r.oid, current_database(), 'TEMP')
       OR has_database_privilege(r.oid, current_database(), 'CREATE'))`,
  ),
  rule(
    'a login without a system policy on a table has no right on it',
    `SELECT t.name AS finding FROM tenant_tables t, parameters
     WHERE NOT EXISTS (
       SELECT FROM pg_policies p WHERE p.tablename = t.name AND p.policyname = 'system_access'
     ) AND has_table_privilege(tier || '_system', t.oid, 'SELECT, INSERT, UPDATE, DELETE')`,
  ),
  rule(
    'SECURITY DEFINER only for the partition functions, with a fixed search_path, system only',
    `SELECT f.proname AS finding FROM pg_proc f, parameters
     WHERE f.pronamespace = 'public'::regnamespace AND f.prosecdef AND NOT (
       f.proname IN ('ensure_partitions', 'drop_partitions')
       AND EXISTS (SELECT FROM unnest(f.proconfig) s WHERE s LIKE 'search\\_path=%')
       AND NOT EXISTS (
         SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
         WHERE a.grantee NOT IN (f.proowner, (tier || '_system')::regrole)))`,
  ),
  rule(
    'views run with the rights of who asks; there is no materialised view',
    `SELECT c.relname AS finding FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND (
       c.relkind = 'm' OR (c.relkind = 'v'
         AND NOT coalesce(c.reloptions @> ARRAY['security_invoker=true'], false)))`,
  ),
  rule(
    'the logins have the time-outs of the house',
    `SELECT r.rolname AS finding FROM pg_roles r, parameters
     WHERE r.rolname IN (tier || '_app', tier || '_system', tier || '_ro') AND NOT EXISTS (
       SELECT FROM pg_db_role_setting s WHERE s.setrole = r.oid AND s.setconfig
         @> ARRAY['statement_timeout=30s', 'lock_timeout=5s',
           'idle_in_transaction_session_timeout=15s'])`,
  ),
];

export const catalogRules: readonly CatalogRule[] = [...rowSecurity, ...columnsAndKeys, ...rights];
