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
