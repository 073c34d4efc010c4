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
GRANT EXECUTE ON FUNCTION ensure_partitions(integer) TO {{tier}}_system;
GRANT EXECUTE ON FUNCTION drop_partitions(text, timestamptz) TO {{tier}}_system;
