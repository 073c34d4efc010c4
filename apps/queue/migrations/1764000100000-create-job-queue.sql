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
