-- Roles and rights of one tier's database. Run by a superuser, in that database, before the first
-- migration; safe to run again. The tier comes from a setting, the passwords from nowhere:
--   PGOPTIONS='-c penguinmails.tier=oltp' psql "$OLTP_DB_URL" -f infra/postgres/roles.sql
--   ALTER ROLE oltp_app PASSWORD '…';  -- likewise _system, _ro, _migrator
-- schemas/<tier>/schema.sql begins with this text.
DO $roles$
DECLARE
  tier text := current_setting('penguinmails.tier');
  login text;
  kind text;
BEGIN
  IF tier NOT IN ('oltp', 'content', 'olap', 'queue', 'notifications') THEN
    RAISE EXCEPTION 'unknown tier %', tier;
  END IF;

  -- Roles belong to the cluster: another database of it may have made them already, or be making
  -- them at this moment.
  FOREACH kind IN ARRAY ARRAY[
    'owner NOLOGIN', 'migrator LOGIN NOINHERIT BYPASSRLS', 'app LOGIN NOINHERIT',
    'system LOGIN NOINHERIT', 'ro LOGIN NOINHERIT'
  ] LOOP
    IF NOT EXISTS (
      SELECT FROM pg_roles WHERE rolname = tier || '_' || split_part(kind, ' ', 1)
    ) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %s_%s', tier, kind);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        RAISE NOTICE 'role %_% was made meanwhile', tier, split_part(kind, ' ', 1);
      END;
    END IF;
  END LOOP;

  -- The migrator acts as the owner for DDL and as itself, past row level security, for backfills.
  IF NOT pg_has_role(tier || '_migrator', tier || '_owner', 'MEMBER') THEN
    EXECUTE format('GRANT %I TO %I', tier || '_owner', tier || '_migrator');
  END IF;

  FOREACH login IN ARRAY ARRAY['app', 'system', 'ro'] LOOP
    login := tier || '_' || login;
    IF NOT EXISTS (
      SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
      WHERE r.rolname = login AND s.setdatabase = 0
        AND s.setconfig @> ARRAY['statement_timeout=30s', 'lock_timeout=5s',
          'idle_in_transaction_session_timeout=15s']
    ) THEN
      EXECUTE format('ALTER ROLE %I SET statement_timeout = ''30s''', login);
      EXECUTE format('ALTER ROLE %I SET lock_timeout = ''5s''', login);
      EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''15s''', login);
    END IF;
  END LOOP;

  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I, %I, %I, %I', current_database(),
    tier || '_migrator', tier || '_app', tier || '_system', tier || '_ro');
  REVOKE ALL ON SCHEMA public FROM PUBLIC;
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA public TO %I', tier || '_owner');
  EXECUTE format('GRANT USAGE ON SCHEMA public TO %I, %I, %I, %I',
    tier || '_migrator', tier || '_app', tier || '_system', tier || '_ro');

  -- Sessions of one login could read each other's statement texts.
  REVOKE SELECT ON pg_catalog.pg_stat_activity FROM PUBLIC;
  REVOKE EXECUTE ON FUNCTION pg_catalog.pg_stat_get_activity(integer) FROM PUBLIC;
  REVOKE EXECUTE ON FUNCTION pg_catalog.pg_stat_get_backend_activity(integer) FROM PUBLIC;
  -- Large objects know no tenants: one login would share them.
  REVOKE EXECUTE ON FUNCTION pg_catalog.lo_creat(integer), pg_catalog.lo_create(oid),
    pg_catalog.lo_from_bytea(oid, bytea), pg_catalog.lo_get(oid),
    pg_catalog.lo_get(oid, bigint, integer), pg_catalog.lo_put(oid, bigint, bytea),
    pg_catalog.lo_open(oid, integer), pg_catalog.lo_unlink(oid) FROM PUBLIC;
END
$roles$;
