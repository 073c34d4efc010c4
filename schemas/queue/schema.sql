-- Generated from the migrations by tools/schema. Do not edit.
-- For an empty database of PostgreSQL 15 or later, run by a superuser:
--   psql "$QUEUE_DB_URL" -v ON_ERROR_STOP=1 -f schemas/queue/schema.sql
-- Roles are made when missing, without passwords. Later changes: node apps/queue/dist/migrate.js
BEGIN;
SET LOCAL penguinmails.tier = 'queue';

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

SET LOCAL ROLE queue_owner;
CREATE TABLE IF NOT EXISTS schema_migrations (
  name text PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- 1764000000000-create-table-conventions.sql
SET LOCAL ROLE queue_owner;
-- What every table of every tier is made with (data-model.md, "Rules for every table").

-- Tables without tenant data: the catalog test accepts no policy on these only.
CREATE TABLE platform_tables (
  name text PRIMARY KEY
);
GRANT SELECT ON platform_tables TO queue_app, queue_system, queue_ro;

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
  EXECUTE format('CREATE POLICY tenant_isolation ON %s FOR ALL TO queue_app, queue_ro '
    'USING (%s) WITH CHECK (%s)', target, own_rows, own_rows);
  PERFORM grant_row_rights(target, app_grants, 'queue_app');
  PERFORM grant_row_rights(target, 'SELECT', 'queue_ro');
  PERFORM grant_row_rights(target, 'SELECT, INSERT, UPDATE, DELETE', 'queue_migrator');
  IF system_grants IS NOT NULL THEN
    EXECUTE format('CREATE POLICY system_access ON %s FOR ALL TO queue_system '
      'USING (true) WITH CHECK (true)', target);
    PERFORM grant_row_rights(target, system_grants, 'queue_system');
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
  PERFORM grant_row_rights(target, app_grants, 'queue_app');
  PERFORM grant_row_rights(target, system_grants, 'queue_system');
  PERFORM grant_row_rights(target, 'SELECT', 'queue_ro');
  PERFORM grant_row_rights(target, 'SELECT, INSERT, UPDATE, DELETE', 'queue_migrator');
  INSERT INTO platform_tables (name) VALUES (table_name) ON CONFLICT DO NOTHING;
END
$$;

REVOKE ALL ON FUNCTION assert_row_rights(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION grant_row_rights(regclass, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION secure_tenant_table(text, text, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION secure_platform_table(text, text, text) FROM PUBLIC;

INSERT INTO platform_tables (name) VALUES ('platform_tables'), ('schema_migrations');
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000000000-create-table-conventions.sql', 'a95efbad666d5e2f5786c2f1f0680056933a2425c06bf82c0a007ef5dfa41e32');

-- 1764000001000-create-time-partitions.sql
SET LOCAL ROLE queue_owner;
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
GRANT EXECUTE ON FUNCTION ensure_partitions(integer) TO queue_system;
GRANT EXECUTE ON FUNCTION drop_partitions(text, timestamptz) TO queue_system;
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000001000-create-time-partitions.sql', 'f0c4b0e7dd671b86c8e016f533a34f22469c2b0ad0206e72c4ba66e02fd20c66');

-- 1764000050000-create-outbox.sql
SET LOCAL ROLE queue_owner;
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
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000050000-create-outbox.sql', 'f95e351fc6b62ca1a510b6037aa4f13e23be62db9b34316ef3ebeb398818d46f');

-- 1764000051000-create-inbox.sql
SET LOCAL ROLE queue_owner;
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
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000051000-create-inbox.sql', 'd288929b18a692b3484821953d377ada00a90b9b9b397670b29364d980321e46');

-- 1764000052000-create-parked-event.sql
SET LOCAL ROLE queue_owner;
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
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000052000-create-parked-event.sql', 'fb9e800299572f5f5880b854eb6d8598065a95269e44d219588e0fde05f6e80b');

-- 1764000053000-create-dead-event.sql
SET LOCAL ROLE queue_owner;
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
GRANT SELECT ON SEQUENCE outbox_seq_seq TO queue_system;
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000053000-create-dead-event.sql', 'b10937acfea31ab178535919bbb48589908282014be638bdd71ad29e5e266d52');

-- 1764000100000-create-job-queue.sql
SET LOCAL ROLE queue_owner;
-- Hot table: only jobs that are not finished. The ends live in job_history.
--
-- Columns, types, defaults and the index of the seed keep their names; a row with nothing but the
-- seed's columns is valid. Stored status is pending or running; scheduled and ready are derived
-- from scheduled_at. No lease column stands in an index.
CREATE TABLE job_queue (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    job_type VARCHAR(50) NOT NULL,
    payload JSONB NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0,
    status VARCHAR(20) NOT NULL DEFAULT 'pending',
    attempts INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL DEFAULT 3,
    scheduled_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    started_at TIMESTAMP WITH TIME ZONE,
    completed_at TIMESTAMP WITH TIME ZONE,
    error_message TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    queue VARCHAR(50) NOT NULL DEFAULT 'default',
    rate_key VARCHAR(100),
    domain_key VARCHAR(64),
    dedupe_key VARCHAR(255),
    lease_token UUID,
    lease_expires_at TIMESTAMP WITH TIME ZONE,
    leased_by VARCHAR(100),
    lease_losses INTEGER NOT NULL DEFAULT 0,
    unknown_outcomes INTEGER NOT NULL DEFAULT 0,
    last_error_code VARCHAR(64),
    progress JSONB,
    correlation_id VARCHAR(64),
    traceparent VARCHAR(55),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT job_queue_status_known CHECK (status IN ('pending', 'running')),
    CONSTRAINT job_queue_running_has_lease CHECK (
        (status = 'running') = (lease_token IS NOT NULL)
        AND (status = 'running') = (lease_expires_at IS NOT NULL)
        AND (status = 'running') = (leased_by IS NOT NULL)
    ),
    CONSTRAINT job_queue_running_has_started CHECK (status <> 'running' OR started_at IS NOT NULL),
    CONSTRAINT job_queue_unfinished CHECK (completed_at IS NULL),
    CONSTRAINT job_queue_has_tries_left CHECK (attempts >= 0 AND attempts < max_attempts),
    CONSTRAINT job_queue_losses_counted CHECK (lease_losses >= 0),
    CONSTRAINT job_queue_unknowns_are_attempts CHECK (unknown_outcomes BETWEEN 0 AND attempts)
) WITH (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0.05,
    autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX idx_job_queue_status_priority ON job_queue (status, priority DESC, scheduled_at);

CREATE UNIQUE INDEX job_queue_dedupe_key
    ON job_queue (tenant_id, job_type, dedupe_key) WHERE dedupe_key IS NOT NULL;

SELECT secure_tenant_table(
    'job_queue', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, INSERT, UPDATE, DELETE');
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000100000-create-job-queue.sql', '75ac974ebf190afa6991b0477ff27163d394670cf1ffd13e406b28a6c58a24ce');

-- 1764000101000-create-job-batches.sql
SET LOCAL ROLE queue_owner;
-- One row per campaign batch (up to 500 recipients under one lease). No status column, and no lease
-- column in any index, so that lease, checkpoint and heartbeat are HOT updates.
CREATE TABLE job_batches (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    job_type VARCHAR(50) NOT NULL,
    payload JSONB NOT NULL DEFAULT '{}',
    queue VARCHAR(50) NOT NULL DEFAULT 'default',
    rate_key VARCHAR(100),
    storage_key VARCHAR(500),
    priority INTEGER NOT NULL DEFAULT 0,
    scheduled_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    n INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    done BYTEA NOT NULL DEFAULT '',
    lease_token UUID,
    lease_expires_at TIMESTAMP WITH TIME ZONE,
    leased_by VARCHAR(100),
    lease_losses INTEGER NOT NULL DEFAULT 0,
    started_at TIMESTAMP WITH TIME ZONE,
    correlation_id VARCHAR(64),
    traceparent VARCHAR(55),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, id),
    -- An e-mail's id is batch id + ordinal: the low 16 bits of a batch id are free for it.
    CONSTRAINT job_batches_id_leaves_ordinals CHECK (substring(uuid_send(id) FROM 15) = '\x0000'),
    CONSTRAINT job_batches_size CHECK (n BETWEEN 1 AND 500),
    CONSTRAINT job_batches_checkpoint_fits CHECK (octet_length(done) <= n),
    CONSTRAINT job_batches_lease_whole CHECK (
        (lease_token IS NULL) = (lease_expires_at IS NULL)
        AND (lease_token IS NULL) = (leased_by IS NULL)
    ),
    CONSTRAINT job_batches_leased_has_started CHECK (
        lease_token IS NULL OR started_at IS NOT NULL
    ),
    CONSTRAINT job_batches_counted CHECK (attempts >= 0 AND lease_losses >= 0)
) WITH (fillfactor = 50);

CREATE INDEX idx_job_batches_ready ON job_batches (priority DESC, scheduled_at, id);

SELECT secure_tenant_table(
    'job_batches', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, INSERT, UPDATE, DELETE');
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000101000-create-job-batches.sql', '445c02b012a31ad8e3787e545233c8c1183054fb326203d0e855900e7af19ce3');

-- 1764000102000-create-job-history.sql
SET LOCAL ROLE queue_owner;
-- Finished jobs, every try, finished batches: day partitions by completed_at, dropped by age.
CREATE TABLE job_history (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    job_type VARCHAR(50) NOT NULL,
    queue VARCHAR(50) NOT NULL,
    status VARCHAR(20) NOT NULL,
    outcome VARCHAR(20) NOT NULL,
    priority INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    lease_losses INTEGER NOT NULL DEFAULT 0,
    scheduled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    completed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    error_message TEXT,
    last_error_code VARCHAR(64),
    progress JSONB,
    correlation_id VARCHAR(64),
    PRIMARY KEY (tenant_id, id, completed_at),
    CONSTRAINT job_history_status_known CHECK (
        status IN ('completed', 'dead', 'cancelled', 'expired')
    ),
    CONSTRAINT job_history_outcome_fits_status CHECK (
        (status = 'completed' AND outcome IN ('delivered', 'bounced'))
        OR (status = 'dead' AND outcome IN ('failed', 'deferred', 'unknown', 'lease_lost'))
        OR (status = 'cancelled' AND outcome = 'cancelled')
        OR (status = 'expired' AND outcome = 'expired')
    ),
    CONSTRAINT job_history_attempts_in_range CHECK (attempts BETWEEN 0 AND max_attempts),
    CONSTRAINT job_history_completed_was_tried CHECK (
        status <> 'completed' OR (attempts > 0 AND started_at IS NOT NULL)
    )
) PARTITION BY RANGE (completed_at);

SELECT secure_tenant_table('job_history', 'SELECT', 'SELECT, INSERT');
SELECT partition_by_time('job_history', 'completed_at', 'day', INTERVAL '30 days', 'timestamptz');

CREATE TABLE job_attempts (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    job_id UUID NOT NULL,
    attempt INTEGER NOT NULL,
    outcome VARCHAR(20) NOT NULL,
    code INTEGER,
    enhanced_code VARCHAR(20),
    error_code VARCHAR(64),
    reply VARCHAR(200),
    leased_by VARCHAR(100) NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, job_id, attempt, completed_at),
    CONSTRAINT job_attempts_outcome_known CHECK (
        outcome IN ('delivered', 'deferred', 'bounced', 'failed', 'unknown')
    ),
    CONSTRAINT job_attempts_counted CHECK (attempt > 0),
    CONSTRAINT job_attempts_code_is_smtp CHECK (code BETWEEN 100 AND 999),
    CONSTRAINT job_attempts_ends_after_start CHECK (finished_at >= started_at)
) PARTITION BY RANGE (completed_at);

SELECT secure_tenant_table('job_attempts', 'SELECT', 'SELECT, INSERT');
SELECT partition_by_time('job_attempts', 'completed_at', 'day', INTERVAL '30 days', 'timestamptz');

-- outcomes: one byte per ordinal of the batch.
CREATE TABLE batch_history (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    job_type VARCHAR(50) NOT NULL,
    queue VARCHAR(50) NOT NULL,
    status VARCHAR(20) NOT NULL,
    priority INTEGER NOT NULL,
    n INTEGER NOT NULL,
    outcomes BYTEA NOT NULL,
    attempts INTEGER NOT NULL,
    lease_losses INTEGER NOT NULL DEFAULT 0,
    scheduled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    completed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    correlation_id VARCHAR(64),
    PRIMARY KEY (tenant_id, id, completed_at),
    CONSTRAINT batch_history_status_known CHECK (
        status IN ('completed', 'dead', 'cancelled', 'expired')
    ),
    CONSTRAINT batch_history_outcomes_complete CHECK (
        status <> 'completed' OR (octet_length(outcomes) = n AND started_at IS NOT NULL)
    ),
    CONSTRAINT batch_history_counted CHECK (
        n BETWEEN 1 AND 500 AND octet_length(outcomes) <= n AND attempts >= 0 AND lease_losses >= 0
    )
) PARTITION BY RANGE (completed_at);

SELECT secure_tenant_table('batch_history', 'SELECT', 'SELECT, INSERT');
SELECT partition_by_time('batch_history', 'completed_at', 'day', INTERVAL '30 days', 'timestamptz');

-- Kept until somebody redrives or discards them: not partitioned. A redriven job that dies again
-- gets a new dead letter, so the key is the letter's own id.
CREATE TABLE dead_letters (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    job_id UUID NOT NULL,
    job_type VARCHAR(50) NOT NULL,
    queue VARCHAR(50) NOT NULL,
    payload JSONB NOT NULL,
    rate_key VARCHAR(100),
    domain_key VARCHAR(64),
    priority INTEGER NOT NULL,
    outcome VARCHAR(20) NOT NULL,
    error_code VARCHAR(64) NOT NULL,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    lease_losses INTEGER NOT NULL,
    tries JSONB NOT NULL,
    correlation_id VARCHAR(64),
    job_created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    died_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    redriven_at TIMESTAMP WITH TIME ZONE,
    redriven_as UUID,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT dead_letters_outcome_known CHECK (
        outcome IN ('failed', 'deferred', 'unknown', 'lease_lost')
    ),
    CONSTRAINT dead_letters_tries_listed CHECK (jsonb_typeof(tries) = 'array'),
    CONSTRAINT dead_letters_counted CHECK (
        attempts BETWEEN 0 AND max_attempts AND lease_losses >= 0
    ),
    CONSTRAINT dead_letters_redriven_whole CHECK ((redriven_at IS NULL) = (redriven_as IS NULL))
);

CREATE INDEX idx_dead_letters_tenant_died ON dead_letters (tenant_id, died_at DESC, id);
CREATE INDEX idx_dead_letters_tenant_job ON dead_letters (tenant_id, job_id);

SELECT secure_tenant_table('dead_letters', 'SELECT, UPDATE, DELETE', 'SELECT, INSERT');
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000102000-create-job-history.sql', '02c7c838726b30a85f1a857c426fef3261d31cd8c094722e5cd29bc3e8628ae8');

-- 1764000103000-create-queue-controls.sql
SET LOCAL ROLE queue_owner;
-- What the queue knows about its job types. Written at boot from libs/contracts.
CREATE TABLE job_types (
    job_type VARCHAR(50) PRIMARY KEY,
    queue VARCHAR(50) NOT NULL DEFAULT 'default',
    max_attempts INTEGER NOT NULL,
    retry_policy JSONB NOT NULL,
    limits JSONB NOT NULL DEFAULT '{}',
    retention JSONB NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    CONSTRAINT job_types_may_be_tried CHECK (max_attempts > 0),
    CONSTRAINT job_types_documents CHECK (
        jsonb_typeof(retry_policy) = 'object'
        AND jsonb_typeof(limits) = 'object'
        AND jsonb_typeof(retention) = 'object'
    )
);

SELECT secure_platform_table('job_types', 'SELECT', 'SELECT, INSERT, UPDATE');

-- A paused type keeps its jobs and is left out by every claim.
CREATE TABLE queue_controls (
    job_type VARCHAR(50) PRIMARY KEY,
    paused BOOLEAN NOT NULL DEFAULT FALSE,
    reason VARCHAR(200),
    row_version INTEGER NOT NULL DEFAULT 1,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

SELECT secure_platform_table('queue_controls', 'SELECT', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE schedules (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    name VARCHAR(100) NOT NULL,
    job_type VARCHAR(50) NOT NULL,
    payload JSONB NOT NULL DEFAULT '{}',
    priority INTEGER NOT NULL DEFAULT 0,
    cron VARCHAR(100) NOT NULL,
    time_zone VARCHAR(64) NOT NULL DEFAULT 'UTC',
    missed_runs VARCHAR(20) NOT NULL DEFAULT 'run_once',
    is_enabled BOOLEAN NOT NULL DEFAULT TRUE,
    next_run_at TIMESTAMP WITH TIME ZONE,
    last_run_at TIMESTAMP WITH TIME ZONE,
    row_version INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT schedules_name_once UNIQUE (tenant_id, name),
    CONSTRAINT schedules_missed_runs_known CHECK (missed_runs IN ('skip', 'run_once', 'run_all')),
    CONSTRAINT schedules_enabled_has_next CHECK (NOT is_enabled OR next_run_at IS NOT NULL)
);

CREATE INDEX idx_schedules_due ON schedules (next_run_at) WHERE is_enabled;

SELECT secure_tenant_table(
    'schedules', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, UPDATE');

-- Token buckets. bucket_key: mailbox:<id>, domain:<key> or tenant. refill is tokens a second.
CREATE TABLE rate_buckets (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    bucket_key VARCHAR(150) NOT NULL,
    capacity DOUBLE PRECISION NOT NULL,
    refill DOUBLE PRECISION NOT NULL,
    tokens DOUBLE PRECISION NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, bucket_key),
    CONSTRAINT rate_buckets_in_range CHECK (
        capacity > 0 AND refill >= 0 AND tokens <= capacity
    )
) WITH (fillfactor = 50);

SELECT secure_tenant_table(
    'rate_buckets', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, INSERT, UPDATE, DELETE');

-- The time in which the queue service was up. One row, shared by all replicas, each of which stamps
-- it once a second. Whoever stamps after a gap adds the gap to every running lease in the same
-- transaction, so a restarting replica cannot hide an outage from the one that rescues.
CREATE TABLE queue_clock (
    id BOOLEAN PRIMARY KEY DEFAULT TRUE,
    stamped_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stamped_by VARCHAR(100) NOT NULL,
    gaps INTEGER NOT NULL DEFAULT 0,
    last_gap_at TIMESTAMP WITH TIME ZONE,
    last_gap INTERVAL,
    CONSTRAINT queue_clock_is_one_row CHECK (id),
    CONSTRAINT queue_clock_gap_whole CHECK (
        (last_gap_at IS NULL) = (last_gap IS NULL) AND (last_gap_at IS NULL) = (gaps = 0)
    )
) WITH (fillfactor = 50);

SELECT secure_platform_table('queue_clock', 'SELECT', 'SELECT, INSERT, UPDATE');
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000103000-create-queue-controls.sql', '976f77038fca900cbe3c6a6af717b2c8d8a58558a33b63e840f2eb3effb90afe');

-- 1764000107000-count-returns.sql
SET LOCAL ROLE queue_owner;
-- Times in a row that a job was given back unbegun: from the second one on it waits longer each time.
ALTER TABLE job_queue ADD COLUMN returns INTEGER NOT NULL DEFAULT 0
    CONSTRAINT job_queue_returns_counted CHECK (returns >= 0);
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000107000-count-returns.sql', 'cac037c6d7ff27acb8b42061e47b9d9c008868ff513771a3f5b4b77ce7634f87');

-- 1764000110000-claim-by-lanes.sql
SET LOCAL ROLE queue_owner;
-- A lane is what can be held back as one: the jobs of one tenant, type, rate key and priority, in the
-- order in which they fall due. The claim reads each lane from its front (ADR 18), so a lane that is
-- paused or has used up its limit costs nothing, however long it is.
--
-- '' instead of NULL: a lane is found by equality. Running rows are in no lane.
ALTER TABLE job_queue
    ALTER COLUMN rate_key TYPE VARCHAR(100) USING coalesce(rate_key, ''),
    ALTER COLUMN rate_key SET DEFAULT '',
    ALTER COLUMN rate_key SET NOT NULL,
    ADD COLUMN expires_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN limited_by VARCHAR(30),
    ADD COLUMN cancel_requested_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN group_id UUID,
    ADD COLUMN redriven_from UUID;

CREATE INDEX idx_job_queue_lanes
    ON job_queue (tenant_id, job_type, rate_key, priority, scheduled_at, id)
    WHERE status = 'pending';

-- Jobs whose waiting time is limited.
CREATE INDEX idx_job_queue_expiry
    ON job_queue (expires_at) WHERE status = 'pending' AND expires_at IS NOT NULL;

ALTER TABLE job_batches
    ALTER COLUMN rate_key TYPE VARCHAR(100) USING coalesce(rate_key, ''),
    ALTER COLUMN rate_key SET DEFAULT '',
    ALTER COLUMN rate_key SET NOT NULL,
    ADD COLUMN group_id UUID;

DROP INDEX idx_job_batches_ready;
CREATE INDEX idx_job_batches_lanes
    ON job_batches (tenant_id, job_type, rate_key, priority, scheduled_at, id);

-- Job keys that are remembered after their job has ended, until expires_at.
CREATE TABLE dedupe_keys (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    job_type VARCHAR(50) NOT NULL,
    dedupe_key VARCHAR(255) NOT NULL,
    job_id UUID NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (tenant_id, job_type, dedupe_key)
);

CREATE INDEX idx_dedupe_keys_expiry ON dedupe_keys (expires_at);

SELECT secure_tenant_table('dedupe_keys', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, INSERT, UPDATE, DELETE');
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000110000-claim-by-lanes.sql', 'cd1778262a40bf9f7cf059ef7d64ccf56fe3204a798bb512ddb70ae5b2a575fa');

-- 1764000111000-pause-and-limit.sql
SET LOCAL ROLE queue_owner;
-- What holds lanes back. A paused tenant (rate_key '') or mailbox keeps its jobs; every claim reads
-- this table, so a pause counts from its commit on, at every replica.
CREATE TABLE lane_pauses (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    rate_key VARCHAR(100) NOT NULL DEFAULT '',
    reason VARCHAR(200),
    paused_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, rate_key)
);

SELECT secure_tenant_table('lane_pauses', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT');

-- limit_key: 'tenant', 'mailbox:<rate key>', 'domain:<domain key>', or 'domain:*' for each recipient
-- domain that has none of its own. NULL: unlimited. The n-th entry of the curve caps the n-th day from
-- warmup_started_on on (UTC); after the last entry per_day alone counts.
CREATE TABLE rate_limits (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    limit_key VARCHAR(150) NOT NULL,
    per_minute INTEGER,
    per_day INTEGER,
    warmup_started_on DATE,
    warmup_curve INTEGER[],
    row_version INTEGER NOT NULL DEFAULT 1,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, limit_key),
    CONSTRAINT rate_limits_key_known CHECK (
        limit_key = 'tenant' OR limit_key LIKE 'mailbox:_%' OR limit_key LIKE 'domain:_%'
    ),
    CONSTRAINT rate_limits_positive CHECK (per_minute > 0 AND per_day > 0),
    CONSTRAINT rate_limits_limit_something CHECK (
        num_nonnulls(per_minute, per_day, warmup_started_on) > 0
    ),
    CONSTRAINT rate_limits_warmup_whole CHECK (
        (warmup_started_on IS NULL) = (warmup_curve IS NULL)
        AND (warmup_curve IS NULL OR (
            cardinality(warmup_curve) BETWEEN 1 AND 365
            AND array_position(warmup_curve, NULL) IS NULL
            AND 0 < ALL (warmup_curve)
        ))
    )
);

SELECT secure_tenant_table('rate_limits', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT');

-- How much of a limit is used: the bucket of the minute, refilled continuously, and the count of the
-- day (UTC). A missing row is a full bucket.
DROP TABLE rate_buckets;
CREATE TABLE rate_buckets (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    limit_key VARCHAR(150) NOT NULL,
    tokens DOUBLE PRECISION NOT NULL,
    refilled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    day DATE NOT NULL,
    used_today INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, limit_key),
    CONSTRAINT rate_buckets_in_range CHECK (tokens >= 0 AND used_today >= 0)
) WITH (fillfactor = 50);

SELECT secure_tenant_table('rate_buckets', 'SELECT', 'SELECT, INSERT, UPDATE, DELETE');
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000111000-pause-and-limit.sql', '0b037f3bade8f752162998456aff9733523a1f1d25e008abe77a714d94743275');

-- 1764000112000-history-by-outcome.sql
SET LOCAL ROLE queue_owner;
-- Each outcome is kept for its own time, so each has day partitions of its own, dropped whole. The
-- last try of a job that was completed stands in its history row (ADR 18); earlier tries, and those
-- of jobs that ended otherwise, stand in job_attempts.
ALTER TABLE job_history RENAME TO job_history_before;
ALTER TABLE job_history_before RENAME CONSTRAINT job_history_pkey TO job_history_before_pkey;
DELETE FROM partitioned_tables WHERE parent = 'job_history';

CREATE TABLE job_history (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    job_type VARCHAR(50) NOT NULL,
    queue VARCHAR(50) NOT NULL,
    status VARCHAR(20) NOT NULL,
    outcome VARCHAR(20) NOT NULL,
    priority INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    lease_losses INTEGER NOT NULL DEFAULT 0,
    scheduled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    completed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    error_message TEXT,
    last_error_code VARCHAR(64),
    progress JSONB,
    correlation_id VARCHAR(64),
    group_id UUID,
    redriven_from UUID,
    leased_by VARCHAR(100),
    try_started_at TIMESTAMP WITH TIME ZONE,
    try_finished_at TIMESTAMP WITH TIME ZONE,
    code INTEGER,
    enhanced_code VARCHAR(20),
    PRIMARY KEY (tenant_id, id, status, completed_at),
    CONSTRAINT job_history_outcome_fits_status CHECK (
        (status = 'completed' AND outcome IN ('succeeded', 'delivered', 'bounced'))
        OR (status = 'dead' AND outcome IN ('failed', 'deferred', 'unknown', 'lease_lost'))
        OR (status = 'cancelled' AND outcome = 'cancelled')
        OR (status = 'expired' AND outcome = 'expired')
    ),
    CONSTRAINT job_history_attempts_in_range CHECK (attempts BETWEEN 0 AND max_attempts),
    CONSTRAINT job_history_completed_was_tried CHECK (
        status <> 'completed' OR (attempts > 0 AND started_at IS NOT NULL)
    ),
    CONSTRAINT job_history_try_whole CHECK (
        num_nonnulls(leased_by, try_started_at, try_finished_at) IN (0, 3)
        AND try_finished_at >= try_started_at
    ),
    CONSTRAINT job_history_code_is_smtp CHECK (code BETWEEN 100 AND 999)
) PARTITION BY LIST (status);

SELECT secure_tenant_table('job_history', 'SELECT', 'SELECT, INSERT');

CREATE TABLE job_history_completed
    PARTITION OF job_history FOR VALUES IN ('completed') PARTITION BY RANGE (completed_at);
CREATE TABLE job_history_cancelled
    PARTITION OF job_history FOR VALUES IN ('cancelled') PARTITION BY RANGE (completed_at);
CREATE TABLE job_history_expired
    PARTITION OF job_history FOR VALUES IN ('expired') PARTITION BY RANGE (completed_at);
CREATE TABLE job_history_dead
    PARTITION OF job_history FOR VALUES IN ('dead') PARTITION BY RANGE (completed_at);

ALTER TABLE job_history_completed ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE job_history_cancelled ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE job_history_expired ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE job_history_dead ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

SELECT partition_by_time('job_history_completed', 'completed_at', 'day', INTERVAL '30 days', 'timestamptz');
SELECT partition_by_time('job_history_cancelled', 'completed_at', 'day', INTERVAL '30 days', 'timestamptz');
SELECT partition_by_time('job_history_expired', 'completed_at', 'day', INTERVAL '30 days', 'timestamptz');
SELECT partition_by_time('job_history_dead', 'completed_at', 'day', INTERVAL '90 days', 'timestamptz');

-- Partitions as far back as there is something to move.
ALTER TABLE job_history NO FORCE ROW LEVEL SECURITY;
ALTER TABLE job_history_before NO FORCE ROW LEVEL SECURITY;
UPDATE partitioned_tables SET periods_behind = greatest(1, (
    SELECT coalesce(ceil(extract(epoch FROM now() - min(completed_at)) / 86400), 1)
    FROM job_history_before))
WHERE parent LIKE 'job_history_%';
SELECT ensure_partitions(8);
INSERT INTO job_history (tenant_id, id, job_type, queue, status, outcome, priority, attempts,
    max_attempts, lease_losses, scheduled_at, started_at, completed_at, created_at, error_message,
    last_error_code, progress, correlation_id)
SELECT tenant_id, id, job_type, queue, status, outcome, priority, attempts,
    max_attempts, lease_losses, scheduled_at, started_at, completed_at, created_at, error_message,
    last_error_code, progress, correlation_id
FROM job_history_before;
ALTER TABLE job_history FORCE ROW LEVEL SECURITY;
DROP TABLE job_history_before;
UPDATE partitioned_tables SET periods_behind = 1 WHERE parent LIKE 'job_history_%';

ALTER TABLE job_attempts DROP CONSTRAINT job_attempts_outcome_known;
ALTER TABLE job_attempts ADD CONSTRAINT job_attempts_outcome_known CHECK (
    outcome IN ('succeeded', 'delivered', 'deferred', 'bounced', 'failed', 'unknown')
);
-- As long as the dead jobs, whose tries they are for the most part.
UPDATE partitioned_tables SET retention = INTERVAL '90 days' WHERE parent = 'job_attempts';
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000112000-history-by-outcome.sql', 'b95544e2ab3dc1175872a9db06b47d3ca6913f2640bb06cea3f88ec34fbc3b2c');

-- 1764000113000-redrive-and-groups.sql
SET LOCAL ROLE queue_owner;
-- Where a dead letter comes from: the job that died first, and how often it was redriven since.
ALTER TABLE dead_letters
    ADD COLUMN root_job_id UUID,
    ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN group_id UUID,
    ADD CONSTRAINT dead_letters_redrives_counted CHECK (redrives >= 0);

ALTER TABLE job_queue
    ADD COLUMN root_job_id UUID,
    ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0,
    ADD CONSTRAINT job_queue_redriven_whole CHECK (
        (redriven_from IS NULL) = (root_job_id IS NULL) AND (redriven_from IS NULL) = (redrives = 0)
    );

CREATE INDEX idx_dead_letters_died ON dead_letters (died_at DESC, id);

-- Jobs that belong together, for example all of one campaign. `remaining` goes down with each job that
-- ends, so that nobody has to count; the group is finished once it is sealed and nothing remains.
CREATE TABLE job_groups (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    kind VARCHAR(50) NOT NULL,
    total INTEGER NOT NULL DEFAULT 0,
    remaining INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0,
    sealed_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT job_groups_counted CHECK (
        remaining BETWEEN 0 AND total AND dead BETWEEN 0 AND total - remaining
    ),
    CONSTRAINT job_groups_finished_when_done CHECK (
        (finished_at IS NOT NULL) = (sealed_at IS NOT NULL AND remaining = 0)
    )
) WITH (fillfactor = 50);

SELECT secure_tenant_table('job_groups', 'SELECT, INSERT, UPDATE', 'SELECT, INSERT, UPDATE, DELETE');
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000113000-redrive-and-groups.sql', 'd2db122ef78fed05c94ab18b569f551482d1a6c7626c2f82e42e092936806e04');

-- 1764000113500-reserve-slots.sql
SET LOCAL ROLE queue_owner;
-- Jobs that the limit of a recipient domain puts off get the next free slots, one after another.
ALTER TABLE rate_buckets ADD COLUMN reserved_until TIMESTAMP WITH TIME ZONE;
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000113500-reserve-slots.sql', '1a725a0dc0133bbe43fd6f0098c064714cede3018a95a0eae8077473791c889e');

-- 1764000114000-read-jobs-newest-first.sql
SET LOCAL ROLE queue_owner;
-- Lists of jobs go along the primary keys, newest id first: an id made by the application is a UUIDv7.
-- A row that is inserted without an id gets one as well (PostgreSQL has uuidv7() from 18 on only).
ALTER TABLE job_queue ALTER COLUMN id SET DEFAULT
    encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                PLACING substring(
                    int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6),
            52, 1), 53, 1),
        'hex')::uuid;

-- Rows are appended as jobs end: a summary per range of pages finds the last minutes.
CREATE INDEX idx_job_history_completed ON job_history
    USING brin (completed_at) WITH (autosummarize = on);
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000114000-read-jobs-newest-first.sql', '92c4310fa999033dfec7639c01fe46bb8844ce06881d7ce41b86c472aabd9d75');

-- 1764000114100-redrive-by-filter.sql
SET LOCAL ROLE queue_owner;
-- Redriving by filter marks letters of all tenants; what a letter says of its job stays as it is.
GRANT UPDATE (redriven_at, redriven_as) ON dead_letters TO queue_system;

-- An operator names a letter by its id alone.
CREATE INDEX idx_dead_letters_id ON dead_letters (id);
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000114100-redrive-by-filter.sql', '4f77cea74fb7ecddcc50cdd7c97fadabfe5bbbd93345980bc7b84a1ccd2ebad1');

-- 1764000115000-schedule-and-tidy-up.sql
SET LOCAL ROLE queue_owner;
-- The platform's own schedules are written at start.
SELECT grant_row_rights('schedules', 'INSERT', 'queue_system');

-- Dead letters that were redriven long ago are tidied up.
SELECT grant_row_rights('dead_letters', 'DELETE', 'queue_system');
CREATE INDEX idx_dead_letters_redriven ON dead_letters (redriven_at) WHERE redriven_at IS NOT NULL;

CREATE INDEX idx_job_groups_finished ON job_groups (finished_at) WHERE finished_at IS NOT NULL;

-- Which transactions were open on this database, once a minute: how long one has been is told from the
-- first mark that has it, as the sessions of other logins do not show their times.
CREATE TABLE horizon_marks (
    marked_at TIMESTAMP WITH TIME ZONE PRIMARY KEY,
    holders TEXT[] NOT NULL
);

SELECT secure_platform_table('horizon_marks', 'SELECT', 'SELECT, INSERT, DELETE');
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000115000-schedule-and-tidy-up.sql', '7c5f14e30207f891f89cbd18d807819aebdbfaafe1bee48091cdf631fddee3f2');

-- 1764000116000-lease-batches.sql
SET LOCAL ROLE queue_owner;
-- A leased batch may be sent up to lease_to (exclusive): what its limits allow. After a lost lease the
-- ordinals from the end of `done` up to in_doubt_to may have been sent by a worker that could not say so.
-- Recipients that are to be tried again leave as single jobs of item_type, with max_attempts.
ALTER TABLE job_batches
    ADD COLUMN item_type VARCHAR(50) NOT NULL,
    ADD COLUMN max_attempts INTEGER NOT NULL DEFAULT 3,
    ADD COLUMN lease_to INTEGER,
    ADD COLUMN in_doubt_to INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN returns INTEGER NOT NULL DEFAULT 0,
    DROP CONSTRAINT job_batches_lease_whole,
    ADD CONSTRAINT job_batches_lease_whole CHECK (
        (lease_token IS NULL) = (lease_expires_at IS NULL)
        AND (lease_token IS NULL) = (leased_by IS NULL)
        AND (lease_token IS NULL) = (lease_to IS NULL)
    ),
    ADD CONSTRAINT job_batches_lease_fits CHECK (lease_to BETWEEN octet_length(done) AND n),
    ADD CONSTRAINT job_batches_waiting_has_work CHECK (
        lease_token IS NOT NULL OR octet_length(done) < n
    ),
    ADD CONSTRAINT job_batches_doubt_fits CHECK (in_doubt_to BETWEEN 0 AND n),
    ADD CONSTRAINT job_batches_returns_counted CHECK (returns >= 0),
    ADD CONSTRAINT job_batches_may_be_tried CHECK (max_attempts > 0);

-- However a batch ends, each of its recipients has an outcome.
ALTER TABLE batch_history
    ADD COLUMN group_id UUID,
    DROP CONSTRAINT batch_history_status_known,
    DROP CONSTRAINT batch_history_outcomes_complete,
    DROP CONSTRAINT batch_history_counted,
    ADD CONSTRAINT batch_history_status_known CHECK (status IN ('completed', 'dead', 'cancelled')),
    ADD CONSTRAINT batch_history_outcomes_complete CHECK (octet_length(outcomes) = n),
    ADD CONSTRAINT batch_history_completed_was_leased CHECK (
        status <> 'completed' OR started_at IS NOT NULL
    ),
    ADD CONSTRAINT batch_history_counted CHECK (
        n BETWEEN 1 AND 500 AND attempts >= 0 AND lease_losses >= 0
    );
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000116000-lease-batches.sql', 'd602ea9449f32ac0c390edb1ff6fd3d66ccb6346c6707e9b03a1435ec265a9c7');

-- 1764000117000-leave-room-for-the-lease.sql
SET LOCAL ROLE queue_owner;
-- A lease writes the row anew. Where its page has room for that, the old version needs no lock record of
-- its own in the WAL, and the job that ends is on one page instead of two.
ALTER TABLE job_queue SET (fillfactor = 50);
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000117000-leave-room-for-the-lease.sql', '4a2f5d119ea865ccc7d2c78c19f71780f666d80a951513d2386ce3865bf40abc');

-- 1764000118000-index-what-runs.sql
SET LOCAL ROLE queue_owner;
-- What waits is found by its lane (idx_job_queue_lanes), so the seed's index has what runs only: a job
-- that is added stands in two indexes instead of three (ADR 27).
DROP INDEX idx_job_queue_status_priority;
CREATE INDEX idx_job_queue_status_priority
    ON job_queue (status, priority DESC, scheduled_at) WHERE status = 'running';
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000118000-index-what-runs.sql', 'a33ba2d7242a6029a0c01e4510cf5fbb979674332ed814ba51ee6faaf6339359');

-- 1764000119000-note-when-a-batch-is-leased.sql
SET LOCAL ROLE queue_owner;
-- What a batch gives back of its limits counts for the day on which it was leased. started_at is of its
-- first lease. NULL: leased by a version that did not note it.
ALTER TABLE job_batches ADD COLUMN leased_at TIMESTAMP WITH TIME ZONE;
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000119000-note-when-a-batch-is-leased.sql', 'df22166d5cadbb3200356a43187f29ffaf302732eeb05af3ea669599035f28f4');

-- 1764000119500-find-batches-that-ended.sql
SET LOCAL ROLE queue_owner;
-- Rows are appended as batches end: a summary per range of pages finds the last minutes.
CREATE INDEX idx_batch_history_completed ON batch_history
    USING brin (completed_at) WITH (autosummarize = on);
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000119500-find-batches-that-ended.sql', 'cbdffd338fd64fe41a447a9592a3878584884193c0352597aa41476e2c75e143');

-- 1764000120000-schedule-at-real-times.sql
SET LOCAL ROLE queue_owner;
-- Whoever wrote -infinity, or a time before the common era, meant now; after the year 9999 means never. A
-- schedule with such a time stopped the whole round, and with it all other schedules.
ALTER TABLE schedules NO FORCE ROW LEVEL SECURITY;
UPDATE schedules
SET next_run_at = now(), is_enabled = is_enabled AND next_run_at < now(),
    row_version = row_version + 1, updated_at = now()
WHERE next_run_at < '1970-01-01Z' OR next_run_at >= '10000-01-01Z';
ALTER TABLE schedules FORCE ROW LEVEL SECURITY;

ALTER TABLE schedules ADD CONSTRAINT schedules_next_run_in_range CHECK (
    next_run_at >= '1970-01-01Z' AND next_run_at < '10000-01-01Z'
);
SET LOCAL ROLE queue_owner;
INSERT INTO schema_migrations (name, checksum) VALUES ('1764000120000-schedule-at-real-times.sql', 'b7fd4ded36ee4dc2acf2d52ead0d6267e3e643dd6868796c18cfd347f8e778bd');

SELECT ensure_partitions(8);
COMMIT;
