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
GRANT SELECT ON SEQUENCE outbox_seq_seq TO {{tier}}_system;
