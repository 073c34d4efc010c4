-- What every table of every tier is made with (data-model.md, "Rules for every table").

-- Tables without tenant data: the catalog test accepts no policy on these only.
CREATE TABLE platform_tables (
  name text PRIMARY KEY
);
GRANT SELECT ON platform_tables TO {{tier}}_app, {{tier}}_system, {{tier}}_ro;

-- Rights a service role may have, such as 'SELECT, INSERT, UPDATE (status, sent_at)'.
CREATE FUNCTION assert_row_rights(rights text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF rights !~* '^\s*(SELECT|INSERT|UPDATE|DELETE)(\s*\([a-z0-9_, ]+\))?(\s*,\s*(SELECT|INSERT|UPDATE|DELETE)(\s*\([a-z0-9_, ]+\))?)*\s*$' THEN
    RAISE EXCEPTION 'not a list of row rights: %', rights USING ERRCODE = '22023';
  END IF;
END
$$;

CREATE FUNCTION grant_row_rights(target regclass, rights text, role_name text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF rights IS NULL THEN
    RETURN;
  END IF;
  PERFORM assert_row_rights(rights);
  EXECUTE format('GRANT %s ON %s TO %I', rights, target, role_name);
END
$$;

-- Row level security of a tenant's table. The policy is strict and loud: without a tenant it raises
-- 42704, after one 22P02; it never answers "no rows". system_grants NULL: the system login has no
-- business with this table.
CREATE FUNCTION secure_tenant_table(
  table_name text, app_grants text, system_grants text, tenant_column text DEFAULT 'tenant_id'
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  target regclass := table_name::regclass;
  own_rows text := format('%I = current_setting(''app.current_tenant_id'')::uuid', tenant_column);
BEGIN
  EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', target, tenant_column);
  IF tenant_column = 'tenant_id' THEN
    EXECUTE format('ALTER TABLE %s ALTER COLUMN tenant_id '
      'SET DEFAULT current_setting(''app.current_tenant_id'')::uuid', target);
  END IF;
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY tenant_isolation ON %s FOR ALL TO {{tier}}_app, {{tier}}_ro '
    'USING (%s) WITH CHECK (%s)', target, own_rows, own_rows);
  PERFORM grant_row_rights(target, app_grants, '{{tier}}_app');
  PERFORM grant_row_rights(target, 'SELECT', '{{tier}}_ro');
  PERFORM grant_row_rights(target, 'SELECT, INSERT, UPDATE, DELETE', '{{tier}}_migrator');
  IF system_grants IS NOT NULL THEN
    EXECUTE format('CREATE POLICY system_access ON %s FOR ALL TO {{tier}}_system '
      'USING (true) WITH CHECK (true)', target);
    PERFORM grant_row_rights(target, system_grants, '{{tier}}_system');
  END IF;
END
$$;

-- A table without tenant data.
CREATE FUNCTION secure_platform_table(
  table_name text, app_grants text, system_grants text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  target regclass := table_name::regclass;
BEGIN
  IF EXISTS (
    SELECT FROM pg_attribute
    WHERE attrelid = target AND attname = 'tenant_id' AND NOT attisdropped
  ) THEN
    RAISE EXCEPTION '% has tenant data: use secure_tenant_table', table_name USING ERRCODE = '42P16';
  END IF;
  PERFORM grant_row_rights(target, app_grants, '{{tier}}_app');
  PERFORM grant_row_rights(target, system_grants, '{{tier}}_system');
  PERFORM grant_row_rights(target, 'SELECT', '{{tier}}_ro');
  PERFORM grant_row_rights(target, 'SELECT, INSERT, UPDATE, DELETE', '{{tier}}_migrator');
  INSERT INTO platform_tables (name) VALUES (table_name) ON CONFLICT DO NOTHING;
END
$$;

REVOKE ALL ON FUNCTION assert_row_rights(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION grant_row_rights(regclass, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION secure_tenant_table(text, text, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION secure_platform_table(text, text, text) FROM PUBLIC;

INSERT INTO platform_tables (name) VALUES ('platform_tables'), ('schema_migrations');
