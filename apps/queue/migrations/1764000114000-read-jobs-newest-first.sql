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
