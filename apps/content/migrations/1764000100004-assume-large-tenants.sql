-- A look-up by key must be planned as one, also while the table is new or the tenant is small: the plan
-- is kept with its statement, and the table grows. So the planner is told that all rows belong to
-- whoever asks: no index that merely starts with tenant_id looks as good as the primary key (ADR 24).
-- Before PostgreSQL 18 statistics cannot be set; a tenant then counts as 1/200 of the table.
-- Statistics are restored value by value: on a table that was analysed before, the frequent tenants and
-- their shares would stay, and with statistics switched off they would stay for good. They go first.
CREATE FUNCTION assume_large_tenants(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  named record;
BEGIN
  EXECUTE format('ALTER TABLE %s ALTER COLUMN tenant_id SET STATISTICS 0', target);
  IF current_setting('server_version_num')::int < 180000 THEN
    RETURN;
  END IF;
  SELECT n.nspname::text AS schema, c.relname::text AS relation INTO STRICT named
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = target;
  PERFORM pg_clear_attribute_stats(named.schema, named.relation, 'tenant_id', false);
  IF NOT pg_restore_attribute_stats('schemaname', named.schema, 'relname', named.relation,
    'attname', 'tenant_id', 'inherited', false, 'null_frac', 0::real, 'avg_width', 16,
    'n_distinct', 1::real)
  THEN
    RAISE EXCEPTION 'the statistics of % were not taken', target;
  END IF;
END
$$;
REVOKE ALL ON FUNCTION assume_large_tenants(regclass) FROM PUBLIC;

SELECT assume_large_tenants('content_objects');
SELECT assume_large_tenants('content_blobs');
SELECT assume_large_tenants('attachments');
