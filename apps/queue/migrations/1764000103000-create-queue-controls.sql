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
