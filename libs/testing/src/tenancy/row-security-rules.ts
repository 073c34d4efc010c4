import { type CatalogRule, rule } from './catalog-rule.js';

/** Policies, and which tables have them. */
export const rowSecurityRules: readonly CatalogRule[] = [
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
