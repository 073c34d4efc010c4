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
