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
