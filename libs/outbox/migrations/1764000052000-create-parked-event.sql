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
