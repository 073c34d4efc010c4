-- Generated from the migrations by tools/schema. Do not edit.
-- For an empty database of PostgreSQL 15 or later, run by a superuser:
--   psql "$CONTENT_DB_URL" -v ON_ERROR_STOP=1 -f schemas/content/schema.sql
-- Roles are made when missing, without passwords. Later changes: node apps/content/dist/migrate.js
BEGIN;
SET LOCAL penguinmails.tier = 'content';

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

SET LOCAL ROLE content_owner;
CREATE TABLE IF NOT EXISTS schema_migrations (
  name text PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- 1764000000000-create-table-conventions.sql
SET LOCAL ROLE content_owner;
-- What every table of every tier is made with (data-model.md, "Rules for every table").

-- Tables without tenant data: the catalog test accepts no policy on these only.
CREATE TABLE platform_tables (
  name text PRIMARY KEY
);
GRANT SELECT ON platform_tables TO content_app, content_system, content_ro;

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
  EXECUTE format('CREATE POLICY tenant_isolation ON %s FOR ALL TO content_app, content_ro '
    'USING (%s) WITH CHECK (%s)', target, own_rows, own_rows);
  PERFORM grant_row_rights(target, app_grants, 'content_app');
  PERFORM grant_row_rights(target, 'SELECT', 'content_ro');
  PERFORM grant_row_rights(target, 'SELECT, INSERT, UPDATE, DELETE', 'content_migrator');
  IF system_grants IS NOT NULL THEN
    EXECUTE format('CREATE POLICY system_access ON %s FOR ALL TO content_system '
      'USING (true) WITH CHECK (true)', target);
    PERFORM grant_row_rights(target, system_grants, 'content_system');
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
  PERFORM grant_row_rights(target, app_grants, 'content_app');
  PERFORM grant_row_rights(target, system_grants, 'content_system');
  PERFORM grant_row_rights(target, 'SELECT', 'content_ro');
  PERFORM grant_row_rights(target, 'SELECT, INSERT, UPDATE, DELETE', 'content_migrator');
  INSERT INTO platform_tables (name) VALUES (table_name) ON CONFLICT DO NOTHING;
END
$$;

REVOKE ALL ON FUNCTION assert_row_rights(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION grant_row_rights(regclass, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION secure_tenant_table(text, text, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION secure_platform_table(text, text, text) FROM PUBLIC;

INSERT INTO platform_tables (name) VALUES ('platform_tables'), ('schema_migrations');
SET LOCAL ROLE content_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000000000-create-table-conventions.sql', 'a95efbad666d5e2f5786c2f1f0680056933a2425c06bf82c0a007ef5dfa41e32');

-- 1764000001000-create-time-partitions.sql
SET LOCAL ROLE content_owner;
-- Tables pruned by age are range-partitioned by time. Partitions are made and dropped by two
-- functions of the owner, because no service role may create or drop a table.

CREATE TABLE partitioned_tables (
  parent text PRIMARY KEY,
  key_column text NOT NULL,
  grain text NOT NULL CHECK (grain IN ('day', 'month')),
  retention interval CHECK (retention > interval '0'),
  key_kind text NOT NULL CHECK (key_kind IN ('timestamptz', 'date', 'uuidv7')),
  default_age_column text,
  periods_behind integer NOT NULL CHECK (periods_behind BETWEEN 0 AND 1000)
);
COMMENT ON COLUMN partitioned_tables.retention IS 'nothing younger may be dropped; NULL = kept for ever';
COMMENT ON COLUMN partitioned_tables.default_age_column IS
  'NULL = no default partition; else its rows go when this column is older than the cut';
COMMENT ON COLUMN partitioned_tables.periods_behind IS 'partitions kept ready for rows that come late';
SELECT secure_platform_table('partitioned_tables', NULL, 'SELECT');

-- Lists a range-partitioned parent. Times are UTC. Behind the current period stand, by default, the
-- previous one, and for UUIDv7 keys all within retention (an event is as old as its producer says).
CREATE FUNCTION partition_by_time(
  table_name text, key_column text, grain text, retention interval, key_kind text,
  default_age_column text DEFAULT NULL, periods_behind integer DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  whole_retention integer := ceil(extract(epoch FROM retention) / 86400);
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_partitioned_table p
    JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
    WHERE p.partrelid = table_name::regclass AND p.partstrat = 'r' AND p.partnatts = 1
      AND a.attname = partition_by_time.key_column
  ) THEN
    RAISE EXCEPTION '% is not partitioned by range of %', table_name, key_column
      USING ERRCODE = '42P16';
  END IF;
  INSERT INTO partitioned_tables VALUES (
    table_name, key_column, grain, retention, key_kind, default_age_column,
    coalesce(periods_behind, CASE key_kind WHEN 'uuidv7' THEN coalesce(whole_retention, 9) ELSE 1 END)
  );
END
$$;

-- The first key of a moment, as a literal of the key's type. A UUIDv7 starts with its milliseconds.
CREATE FUNCTION partition_bound(key_kind text, moment timestamp) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT quote_literal(CASE key_kind
    WHEN 'timestamptz' THEN to_char(moment, 'YYYY-MM-DD HH24:MI:SS') || '+00'
    WHEN 'date' THEN to_char(moment, 'YYYY-MM-DD')
    WHEN 'uuidv7' THEN rpad(
      lpad(to_hex((extract(epoch FROM moment AT TIME ZONE 'UTC') * 1000)::bigint), 12, '0'), 32, '0')
  END)
$$;

-- A child gets row level security without a policy and no grants: it is reached through the parent.
CREATE FUNCTION create_child_table(parent text, child text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
    'INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION)', child, parent);
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', child);
END
$$;

-- Rows that came before their partition wait in the default one; attaching would refuse them.
CREATE FUNCTION move_from_default(listed partitioned_tables, child text, lower_bound text, upper_bound text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  waiting text := listed.parent || '_default';
BEGIN
  EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', waiting);
  EXECUTE format('WITH moved AS (DELETE FROM %1$I WHERE %2$I >= %3$s AND %2$I < %4$s RETURNING *) '
    'INSERT INTO %5$I SELECT * FROM moved', waiting, listed.key_column, lower_bound, upper_bound, child);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', waiting);
END
$$;

CREATE FUNCTION ensure_default_partition(listed partitioned_tables) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  child text := listed.parent || '_default';
BEGIN
  IF listed.default_age_column IS NULL OR to_regclass(quote_ident(child)) IS NOT NULL THEN
    RETURN 0;
  END IF;
  PERFORM create_child_table(listed.parent, child);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', child);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', listed.parent, child);
  RETURN 1;
END
$$;

-- LIKE + ATTACH instead of PARTITION OF: the latter locks the parent ACCESS EXCLUSIVE.
CREATE FUNCTION ensure_partition(listed partitioned_tables, period timestamp) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  child text := listed.parent || '_p'
    || to_char(period, CASE listed.grain WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMM' END);
  lower_bound text := partition_bound(listed.key_kind, period);
  upper_bound text := partition_bound(listed.key_kind, period + ('1 ' || listed.grain)::interval);
BEGIN
  IF to_regclass(quote_ident(child)) IS NOT NULL THEN
    RETURN 0;
  END IF;
  PERFORM create_child_table(listed.parent, child);
  IF listed.default_age_column IS NOT NULL THEN
    PERFORM move_from_default(listed, child, lower_bound, upper_bound);
  END IF;
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', child);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
    listed.parent, child, lower_bound, upper_bound);
  RETURN 1;
END
$$;

-- Makes the missing partitions of all listed tables up to days_ahead from now; returns how many.
-- Waits 2 s at most for a lock: the caller's timer comes again.
CREATE FUNCTION ensure_partitions(days_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET lock_timeout = '2s' AS $$
DECLARE
  listed partitioned_tables;
  step interval;
  period timestamp;
  today timestamp := now() AT TIME ZONE 'UTC';
  made integer := 0;
BEGIN
  IF days_ahead IS NULL OR days_ahead NOT BETWEEN 1 AND 400 THEN
    RAISE EXCEPTION 'days_ahead must be 1 to 400' USING ERRCODE = '22023';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('penguinmails.partitions', 0));
  FOR listed IN SELECT * FROM partitioned_tables ORDER BY parent LOOP
    made := made + ensure_default_partition(listed);
    step := ('1 ' || listed.grain)::interval;
    period := date_trunc(listed.grain, today) - listed.periods_behind * step;
    WHILE period <= today + days_ahead * interval '1 day' LOOP
      IF listed.retention IS NULL OR period + step > today - listed.retention THEN
        made := made + ensure_partition(listed, period);
      END IF;
      period := period + step;
    END LOOP;
  END LOOP;
  RETURN made;
END
$$;

CREATE FUNCTION delete_from_default(listed partitioned_tables, before timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  child text := listed.parent || '_default';
BEGIN
  IF listed.default_age_column IS NULL THEN
    RETURN;
  END IF;
  EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', child);
  EXECUTE format('DELETE FROM %I WHERE %I < %L', child, listed.default_age_column, before);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', child);
END
$$;

-- Drops the partitions of a listed table whose whole period lies before `before`; returns how many.
-- Refuses tables that are not listed (42501) and moments younger than the retention (22023).
CREATE FUNCTION drop_partitions(table_name text, before timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET lock_timeout = '2s' AS $$
DECLARE
  listed partitioned_tables;
  child record;
  dropped integer := 0;
BEGIN
  SELECT * INTO listed FROM partitioned_tables WHERE parent = table_name;
  IF NOT FOUND THEN
    RAISE EXCEPTION '% is not a listed partitioned table', table_name USING ERRCODE = '42501';
  END IF;
  IF before IS NULL OR listed.retention IS NULL OR before > now() - listed.retention THEN
    RAISE EXCEPTION '% is kept for %', table_name, coalesce(listed.retention::text, 'ever')
      USING ERRCODE = '22023';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('penguinmails.partitions', 0));
  FOR child IN
    SELECT c.relname, to_timestamp(
      substring(c.relname FROM '_p([0-9]+)$'),
      CASE listed.grain WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMM' END
    )::timestamp AS period
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass(quote_ident(table_name)) AND c.relname ~ '_p[0-9]+$'
  LOOP
    IF child.period + ('1 ' || listed.grain)::interval <= before AT TIME ZONE 'UTC' THEN
      EXECUTE format('DROP TABLE %I', child.relname);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  PERFORM delete_from_default(listed, before);
  RETURN dropped;
END
$$;

REVOKE ALL ON FUNCTION partition_by_time(text, text, text, interval, text, text, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION partition_bound(text, timestamp) FROM PUBLIC;
REVOKE ALL ON FUNCTION create_child_table(text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION move_from_default(partitioned_tables, text, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION ensure_default_partition(partitioned_tables) FROM PUBLIC;
REVOKE ALL ON FUNCTION ensure_partition(partitioned_tables, timestamp) FROM PUBLIC;
REVOKE ALL ON FUNCTION ensure_partitions(integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION delete_from_default(partitioned_tables, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION drop_partitions(text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions(integer) TO content_system;
GRANT EXECUTE ON FUNCTION drop_partitions(text, timestamptz) TO content_system;
SET LOCAL ROLE content_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000001000-create-time-partitions.sql', 'f0c4b0e7dd671b86c8e016f533a34f22469c2b0ad0206e72c4ba66e02fd20c66');

-- 1764000050000-create-outbox.sql
SET LOCAL ROLE content_owner;
-- Events on their way to Kafka, written in the transaction of the change they tell of. The relay
-- deletes a row when all replicas of the broker have it. Column names follow Debezium's outbox.
CREATE TABLE outbox (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    lane SMALLINT NOT NULL,
    topic VARCHAR(249) NOT NULL,
    key TEXT NOT NULL,
    aggregatetype VARCHAR(100) NOT NULL,
    aggregateid TEXT NOT NULL,
    type VARCHAR(200) NOT NULL,
    headers JSONB NOT NULL,
    payload TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT outbox_lane_known CHECK (lane BETWEEN 0 AND 31),
    CONSTRAINT outbox_has_key CHECK (key <> ''),
    CONSTRAINT outbox_headers_object CHECK (jsonb_typeof(headers) = 'object')
) WITH (
    fillfactor = 100,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 10000,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 10000
);
COMMENT ON COLUMN outbox.lane IS 'hash of key mod 32: one relay at a time works on a lane';
COMMENT ON COLUMN outbox.payload IS 'record value, already serialised; NULL = empty value';

CREATE INDEX idx_outbox_lane ON outbox (lane, seq);

SELECT secure_tenant_table('outbox', 'INSERT', 'SELECT, INSERT, DELETE');
SET LOCAL ROLE content_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000050000-create-outbox.sql', 'f95e351fc6b62ca1a510b6037aa4f13e23be62db9b34316ef3ebeb398818d46f');

-- 1764000051000-create-inbox.sql
SET LOCAL ROLE content_owner;
-- Ids of the events that took effect here: a second delivery changes nothing. Kept for the retention
-- of the topics (7 days) and 2 more. An id that is no UUIDv7 lands in the default partition.
CREATE TABLE inbox (
    event_id UUID NOT NULL,
    consumer SMALLINT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, consumer)
) PARTITION BY RANGE (event_id);
COMMENT ON COLUMN inbox.consumer IS '1 = the live consumer; others are rebuilds';

SELECT secure_platform_table('inbox', 'SELECT, INSERT', 'SELECT, INSERT');
SELECT partition_by_time('inbox', 'event_id', 'day', INTERVAL '9 days', 'uuidv7', 'received_at');

-- How far this service has read each partition. A slice locks the row first, so a consumer that lost
-- the partition without knowing it can neither work at the same time nor afterwards.
CREATE TABLE consumer_position (
    consumer_group VARCHAR(100) NOT NULL,
    topic VARCHAR(249) NOT NULL,
    partition INTEGER NOT NULL,
    next_offset BIGINT NOT NULL DEFAULT 0,
    parked INTEGER NOT NULL DEFAULT 0,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer_group, topic, partition),
    CONSTRAINT consumer_position_offset_valid CHECK (next_offset >= 0),
    CONSTRAINT consumer_position_parked_counted CHECK (parked >= 0)
) WITH (fillfactor = 50);
COMMENT ON COLUMN consumer_position.next_offset IS 'records below it took effect or are parked';
COMMENT ON COLUMN consumer_position.parked IS 'rows of parked_event of this partition';

SELECT secure_platform_table(
    'consumer_position', 'SELECT, INSERT, UPDATE', 'SELECT, INSERT, UPDATE'
);
SET LOCAL ROLE content_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000051000-create-inbox.sql', 'd288929b18a692b3484821953d377ada00a90b9b9b397670b29364d980321e46');

-- 1764000052000-create-parked-event.sql
SET LOCAL ROLE content_owner;
-- Events whose handler failed, and the later ones of the same key, which wait so that their order
-- holds. The head of each key is retried by a timer; after the last try it goes to the dead letters.
CREATE TABLE parked_event (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    consumer_group VARCHAR(100) NOT NULL,
    topic VARCHAR(249) NOT NULL,
    partition INTEGER NOT NULL,
    record_offset BIGINT NOT NULL,
    key TEXT NOT NULL,
    event_id UUID NOT NULL,
    type VARCHAR(200) NOT NULL,
    headers JSONB NOT NULL,
    payload TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_error VARCHAR(64),
    parked_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    CONSTRAINT parked_event_attempts_counted CHECK (attempts >= 0),
    CONSTRAINT parked_event_error_is_slug CHECK (last_error ~ '^[a-z0-9_]+$')
);
COMMENT ON COLUMN parked_event.last_error IS 'slug of the last failure; NULL = waits behind another';

CREATE INDEX idx_parked_event_due ON parked_event (next_attempt_at);
CREATE UNIQUE INDEX idx_parked_event_order ON parked_event
    (tenant_id, consumer_group, topic, key, partition, record_offset);

SELECT secure_tenant_table(
    'parked_event', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, INSERT, UPDATE, DELETE'
);
SET LOCAL ROLE content_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000052000-create-parked-event.sql', 'fb9e800299572f5f5880b854eb6d8598065a95269e44d219588e0fde05f6e80b');

-- 1764000053000-create-dead-event.sql
SET LOCAL ROLE content_owner;
-- Events given up after their last retry, kept for as long as the dead-letter topic (30 days) so that
-- an operator can replay them here: the row goes back to parked_event. What could not be decoded is in
-- the topic only.
CREATE TABLE dead_event (
    id UUID NOT NULL,
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    consumer_group VARCHAR(100) NOT NULL,
    topic VARCHAR(249) NOT NULL,
    partition INTEGER NOT NULL,
    record_offset BIGINT NOT NULL,
    key TEXT NOT NULL,
    event_id UUID NOT NULL,
    type VARCHAR(200) NOT NULL,
    headers JSONB NOT NULL,
    payload TEXT,
    attempts INTEGER NOT NULL,
    last_error VARCHAR(64) NOT NULL,
    parked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    dead_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT dead_event_attempts_counted CHECK (attempts >= 0),
    CONSTRAINT dead_event_error_is_slug CHECK (last_error ~ '^[a-z0-9_]+$')
);

CREATE INDEX idx_dead_event_id ON dead_event (id);
CREATE INDEX idx_dead_event_page ON dead_event (parked_at, id);
CREATE INDEX idx_dead_event_age ON dead_event (dead_at);
CREATE INDEX idx_parked_event_page ON parked_event (parked_at, id);

SELECT secure_tenant_table('dead_event', 'INSERT', 'SELECT, INSERT, DELETE');

-- The relay compares the last number given out with what it has seen (lane-floors.ts).
GRANT SELECT ON SEQUENCE outbox_seq_seq TO content_system;
SET LOCAL ROLE content_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000053000-create-dead-event.sql', 'b10937acfea31ab178535919bbb48589908282014be638bdd71ad29e5e266d52');

-- 1764000100000-create-content-objects.sql
SET LOCAL ROLE content_owner;
-- Bytes of one tenant that several contents may share: large bodies and all attachments. Never shared
-- between tenants: whether a file is already known would tell one tenant what another one stores.
CREATE TABLE content_blobs (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    -- SHA-256 (hex) of the bytes before compression
    content_hash VARCHAR(64) NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    algorithm VARCHAR(20) NOT NULL CHECK (algorithm IN ('none', 'zstd')),
    bytes BYTEA NOT NULL,
    raw_size_bytes INTEGER NOT NULL CHECK (raw_size_bytes >= 0),
    ref_count INTEGER NOT NULL CHECK (ref_count >= 0),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, content_hash),
    CHECK (algorithm <> 'none' OR octet_length(bytes) = raw_size_bytes)
);
-- Already as small as it gets: PostgreSQL need not try its own compression on it.
ALTER TABLE content_blobs ALTER COLUMN bytes SET STORAGE EXTERNAL;
SELECT secure_tenant_table('content_blobs', 'SELECT, INSERT, UPDATE, DELETE', NULL);

CREATE TABLE content_objects (
    storage_key VARCHAR(500) NOT NULL,
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    content_text TEXT,
    content_html TEXT,
    headers JSONB CHECK (jsonb_typeof(headers) = 'object'),
    -- UTF-8 bytes of text and html; attachments carry their own size
    raw_size_bytes INTEGER NOT NULL CHECK (raw_size_bytes >= 0),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    expires_at TIMESTAMP WITH TIME ZONE,
    -- SHA-256 (hex) of the JSON [text, html, headers as sorted pairs]; verified on every read
    content_hash VARCHAR(64) NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    compression_algorithm VARCHAR(20) NOT NULL DEFAULT 'none'
        CHECK (compression_algorithm IN ('none', 'zstd')),
    -- what the body occupies as stored; equals raw_size_bytes for an inline body
    compressed_size_bytes INTEGER NOT NULL CHECK (compressed_size_bytes >= 0),
    -- the body JSON [text, html], compressed, when it is stored in this row but not as text
    content_encoding BYTEA,
    -- the same JSON as a shared blob
    content_blob_hash VARCHAR(64),
    state VARCHAR(20) NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'attached', 'condemned', 'archived')),
    state_changed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    -- the reaper's questions: when oltp was last asked who refers to this key, when it said nobody
    references_asked_at TIMESTAMP WITH TIME ZONE,
    references_denied_at TIMESTAMP WITH TIME ZONE,
    archived_at TIMESTAMP WITH TIME ZONE,
    archive_ref VARCHAR(500),
    -- opaque: what the owner called the thing that refers to this content
    owner_hint VARCHAR(200),
    row_version INTEGER NOT NULL DEFAULT 1,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, storage_key),
    FOREIGN KEY (tenant_id, content_blob_hash) REFERENCES content_blobs (tenant_id, content_hash),
    -- one place holds the body: inline text, compressed bytes, a blob or the archive
    CHECK (num_nonnulls(content_encoding, content_blob_hash, archive_ref) <= 1),
    CHECK (num_nonnulls(content_encoding, content_blob_hash, archive_ref) = 0
        OR num_nonnulls(content_text, content_html) = 0),
    CHECK (content_encoding IS NULL OR (compression_algorithm <> 'none'
        AND octet_length(content_encoding) = compressed_size_bytes)),
    CHECK ((state = 'archived') = (archive_ref IS NOT NULL)),
    CHECK ((state = 'archived') = (archived_at IS NOT NULL)),
    CHECK ((state = 'condemned') = (references_asked_at IS NOT NULL)),
    CHECK (references_denied_at IS NULL OR state = 'condemned')
);
ALTER TABLE content_objects ALTER COLUMN content_encoding SET STORAGE EXTERNAL;
CREATE INDEX idx_content_expires ON content_objects (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX idx_content_hash ON content_objects (content_hash) WHERE content_hash IS NOT NULL;
-- The reaper's work list: small, because nearly every content is attached within seconds.
CREATE INDEX idx_content_unattached ON content_objects (state, state_changed_at)
    WHERE state IN ('pending', 'condemned');
-- Deleting a blob asks who still refers to it.
CREATE INDEX idx_content_blob ON content_objects (tenant_id, content_blob_hash)
    WHERE content_blob_hash IS NOT NULL;
SELECT secure_tenant_table('content_objects', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, UPDATE');

CREATE TABLE attachments (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    parent_storage_key VARCHAR(500) NOT NULL,
    -- order within the message
    position SMALLINT NOT NULL CHECK (position >= 0),
    filename VARCHAR(255) NOT NULL CHECK (filename <> ''),
    mime_type VARCHAR(100) NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    content BYTEA,
    content_blob_hash VARCHAR(64),
    archive_ref VARCHAR(500),
    -- SHA-256 (hex) of the bytes; verified on every read
    content_hash VARCHAR(64) NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    storage_disposition VARCHAR(50) NOT NULL CHECK (storage_disposition IN ('inline', 'attachment')),
    content_id VARCHAR(255),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, parent_storage_key, position),
    FOREIGN KEY (tenant_id, parent_storage_key) REFERENCES content_objects (tenant_id, storage_key),
    FOREIGN KEY (tenant_id, content_blob_hash) REFERENCES content_blobs (tenant_id, content_hash),
    CHECK (num_nonnulls(content, content_blob_hash, archive_ref) = 1),
    CHECK (content IS NULL OR octet_length(content) = size_bytes)
);
CREATE INDEX idx_attachments_blob ON attachments (tenant_id, content_blob_hash)
    WHERE content_blob_hash IS NOT NULL;
SELECT secure_tenant_table('attachments', 'SELECT, INSERT, UPDATE, DELETE', NULL);
SET LOCAL ROLE content_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000100000-create-content-objects.sql', 'c6ea4807332efdafb8685c074c40f4cd3fe7af8c9fc098cdbb4e07622d8aee76');

-- 1764000100001-create-usage-and-access-log.sql
SET LOCAL ROLE content_owner;
-- What a tenant stores is the sum of its rows. Every change appends one, so that no row is hot; a timer
-- folds the rows of a tenant into one, which changes no sum.
CREATE TABLE tenant_usage (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    -- bytes as stored: compressed, equal ones counted once
    stored_bytes BIGINT NOT NULL,
    object_count INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, id)
);
SELECT secure_tenant_table('tenant_usage', 'SELECT, INSERT', 'SELECT, INSERT, DELETE');

-- Who of a tenant read which body or attachment, and what for. Append-only.
CREATE TABLE content_access_log (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    accessed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    id UUID NOT NULL,
    actor_kind VARCHAR(20) NOT NULL CHECK (actor_kind IN ('api_key', 'platform_key', 'user', 'system')),
    actor_id VARCHAR(100) NOT NULL,
    storage_key VARCHAR(500) NOT NULL,
    attachment_id UUID,
    purpose VARCHAR(40) NOT NULL CHECK (purpose IN ('view_content', 'download_attachment')),
    request_id VARCHAR(100),
    PRIMARY KEY (tenant_id, accessed_at, id),
    CHECK ((purpose = 'download_attachment') = (attachment_id IS NOT NULL))
) PARTITION BY RANGE (accessed_at);
SELECT secure_tenant_table('content_access_log', 'SELECT, INSERT', NULL);
SELECT partition_by_time('content_access_log', 'accessed_at', 'month', INTERVAL '400 days', 'timestamptz');
SET LOCAL ROLE content_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000100001-create-usage-and-access-log.sql', '32855eb0d4f34c1faf5419833c1436b568182c704ef49a99c2b0b493b37b047e');

-- 1764000100002-accept-seed-rows.sql
SET LOCAL ROLE content_owner;
-- The seed inserts a content by key, text and headers alone, and an attachment with its bytes in the row.
-- Such rows are taken; what tells that their bytes are whole is missing, so they are not served. A body
-- that is packed, shared or archived is always the service's own and has all of it.
ALTER TABLE content_objects
    ALTER COLUMN raw_size_bytes DROP NOT NULL,
    ALTER COLUMN content_hash DROP NOT NULL,
    ALTER COLUMN compressed_size_bytes DROP NOT NULL,
    ADD CONSTRAINT content_objects_packed_is_measured CHECK (
        num_nonnulls(content_encoding, content_blob_hash, archive_ref) = 0
        OR num_nulls(raw_size_bytes, content_hash, compressed_size_bytes) = 0
    );

ALTER TABLE attachments
    ALTER COLUMN position DROP NOT NULL,
    ALTER COLUMN content_hash DROP NOT NULL,
    ALTER COLUMN storage_disposition DROP NOT NULL,
    ADD CONSTRAINT attachments_blob_is_described CHECK (
        content IS NOT NULL OR num_nulls(position, content_hash, storage_disposition) = 0
    );
SET LOCAL ROLE content_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000100002-accept-seed-rows.sql', 'adba298168b1994bda4c4e9a6ece08d08658e171c0db8d766b3017bee1e8584c');

-- 1764000100003-check-hashes-by-what-they-lack.sql
SET LOCAL ROLE content_owner;
-- The same rule, ten times as fast: {64} makes the pattern's automaton anew for every row that is written,
-- and every check of a row is made at each of its updates.
ALTER TABLE content_objects
    DROP CONSTRAINT content_objects_content_hash_check,
    ADD CONSTRAINT content_objects_content_hash_check
        CHECK (content_hash !~ '[^0-9a-f]' AND length(content_hash) = 64);
ALTER TABLE content_blobs
    DROP CONSTRAINT content_blobs_content_hash_check,
    ADD CONSTRAINT content_blobs_content_hash_check
        CHECK (content_hash !~ '[^0-9a-f]' AND length(content_hash) = 64);
ALTER TABLE attachments
    DROP CONSTRAINT attachments_content_hash_check,
    ADD CONSTRAINT attachments_content_hash_check
        CHECK (content_hash !~ '[^0-9a-f]' AND length(content_hash) = 64);
SET LOCAL ROLE content_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000100003-check-hashes-by-what-they-lack.sql', 'd242e93ee54e766f4d864408f41bccf713f9550f2177e17972509abae635d343');

-- 1764000100004-assume-large-tenants.sql
SET LOCAL ROLE content_owner;
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
SET LOCAL ROLE content_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000100004-assume-large-tenants.sql', 'e2c81c3ac6f00ff06de0590e8b2ae976371dfe47c6f58e88270587dc0ef60542');

SELECT ensure_partitions(8);
COMMIT;
