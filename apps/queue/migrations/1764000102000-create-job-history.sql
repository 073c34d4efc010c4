-- Finished jobs, every try, finished batches: day partitions by completed_at, dropped by age.
CREATE TABLE job_history (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    job_type VARCHAR(50) NOT NULL,
    queue VARCHAR(50) NOT NULL,
    status VARCHAR(20) NOT NULL,
    outcome VARCHAR(20) NOT NULL,
    priority INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    lease_losses INTEGER NOT NULL DEFAULT 0,
    scheduled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    completed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    error_message TEXT,
    last_error_code VARCHAR(64),
    progress JSONB,
    correlation_id VARCHAR(64),
    PRIMARY KEY (tenant_id, id, completed_at),
    CONSTRAINT job_history_status_known CHECK (
        status IN ('completed', 'dead', 'cancelled', 'expired')
    ),
    CONSTRAINT job_history_outcome_fits_status CHECK (
        (status = 'completed' AND outcome IN ('delivered', 'bounced'))
        OR (status = 'dead' AND outcome IN ('failed', 'deferred', 'unknown', 'lease_lost'))
        OR (status = 'cancelled' AND outcome = 'cancelled')
        OR (status = 'expired' AND outcome = 'expired')
    ),
    CONSTRAINT job_history_attempts_in_range CHECK (attempts BETWEEN 0 AND max_attempts),
    CONSTRAINT job_history_completed_was_tried CHECK (
        status <> 'completed' OR (attempts > 0 AND started_at IS NOT NULL)
    )
) PARTITION BY RANGE (completed_at);

SELECT secure_tenant_table('job_history', 'SELECT', 'SELECT, INSERT');
SELECT partition_by_time('job_history', 'completed_at', 'day', INTERVAL '30 days', 'timestamptz');

CREATE TABLE job_attempts (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    job_id UUID NOT NULL,
    attempt INTEGER NOT NULL,
    outcome VARCHAR(20) NOT NULL,
    code INTEGER,
    enhanced_code VARCHAR(20),
    error_code VARCHAR(64),
    reply VARCHAR(200),
    leased_by VARCHAR(100) NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, job_id, attempt, completed_at),
    CONSTRAINT job_attempts_outcome_known CHECK (
        outcome IN ('delivered', 'deferred', 'bounced', 'failed', 'unknown')
    ),
    CONSTRAINT job_attempts_counted CHECK (attempt > 0),
    CONSTRAINT job_attempts_code_is_smtp CHECK (code BETWEEN 100 AND 999),
    CONSTRAINT job_attempts_ends_after_start CHECK (finished_at >= started_at)
) PARTITION BY RANGE (completed_at);

SELECT secure_tenant_table('job_attempts', 'SELECT', 'SELECT, INSERT');
SELECT partition_by_time('job_attempts', 'completed_at', 'day', INTERVAL '30 days', 'timestamptz');

-- outcomes: one byte per ordinal of the batch.
CREATE TABLE batch_history (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    job_type VARCHAR(50) NOT NULL,
    queue VARCHAR(50) NOT NULL,
    status VARCHAR(20) NOT NULL,
    priority INTEGER NOT NULL,
    n INTEGER NOT NULL,
    outcomes BYTEA NOT NULL,
    attempts INTEGER NOT NULL,
    lease_losses INTEGER NOT NULL DEFAULT 0,
    scheduled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    completed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    correlation_id VARCHAR(64),
    PRIMARY KEY (tenant_id, id, completed_at),
    CONSTRAINT batch_history_status_known CHECK (
        status IN ('completed', 'dead', 'cancelled', 'expired')
    ),
    CONSTRAINT batch_history_outcomes_complete CHECK (
        status <> 'completed' OR (octet_length(outcomes) = n AND started_at IS NOT NULL)
    ),
    CONSTRAINT batch_history_counted CHECK (
        n BETWEEN 1 AND 500 AND octet_length(outcomes) <= n AND attempts >= 0 AND lease_losses >= 0
    )
) PARTITION BY RANGE (completed_at);

SELECT secure_tenant_table('batch_history', 'SELECT', 'SELECT, INSERT');
SELECT partition_by_time('batch_history', 'completed_at', 'day', INTERVAL '30 days', 'timestamptz');

-- Kept until somebody redrives or discards them: not partitioned. A redriven job that dies again
-- gets a new dead letter, so the key is the letter's own id.
CREATE TABLE dead_letters (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    job_id UUID NOT NULL,
    job_type VARCHAR(50) NOT NULL,
    queue VARCHAR(50) NOT NULL,
    payload JSONB NOT NULL,
    rate_key VARCHAR(100),
    domain_key VARCHAR(64),
    priority INTEGER NOT NULL,
    outcome VARCHAR(20) NOT NULL,
    error_code VARCHAR(64) NOT NULL,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    lease_losses INTEGER NOT NULL,
    tries JSONB NOT NULL,
    correlation_id VARCHAR(64),
    job_created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    died_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    redriven_at TIMESTAMP WITH TIME ZONE,
    redriven_as UUID,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT dead_letters_outcome_known CHECK (
        outcome IN ('failed', 'deferred', 'unknown', 'lease_lost')
    ),
    CONSTRAINT dead_letters_tries_listed CHECK (jsonb_typeof(tries) = 'array'),
    CONSTRAINT dead_letters_counted CHECK (
        attempts BETWEEN 0 AND max_attempts AND lease_losses >= 0
    ),
    CONSTRAINT dead_letters_redriven_whole CHECK ((redriven_at IS NULL) = (redriven_as IS NULL))
);

CREATE INDEX idx_dead_letters_tenant_died ON dead_letters (tenant_id, died_at DESC, id);
CREATE INDEX idx_dead_letters_tenant_job ON dead_letters (tenant_id, job_id);

SELECT secure_tenant_table('dead_letters', 'SELECT, UPDATE, DELETE', 'SELECT, INSERT');
