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
