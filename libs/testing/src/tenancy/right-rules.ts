import { type CatalogRule, rule } from './catalog-rule.js';

/** Who may do what: owners, roles, grants, functions, views, time-outs. */
export const rightRules: readonly CatalogRule[] = [
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
