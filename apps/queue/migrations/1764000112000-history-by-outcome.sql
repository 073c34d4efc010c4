-- Each outcome is kept for its own time, so each has day partitions of its own, dropped whole. The
-- last try of a job that was completed stands in its history row (ADR 18); earlier tries, and those
-- of jobs that ended otherwise, stand in job_attempts.
ALTER TABLE job_history RENAME TO job_history_before;
ALTER TABLE job_history_before RENAME CONSTRAINT job_history_pkey TO job_history_before_pkey;
DELETE FROM partitioned_tables WHERE parent = 'job_history';

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
    group_id UUID,
    redriven_from UUID,
    leased_by VARCHAR(100),
    try_started_at TIMESTAMP WITH TIME ZONE,
    try_finished_at TIMESTAMP WITH TIME ZONE,
    code INTEGER,
    enhanced_code VARCHAR(20),
    PRIMARY KEY (tenant_id, id, status, completed_at),
    CONSTRAINT job_history_outcome_fits_status CHECK (
        (status = 'completed' AND outcome IN ('succeeded', 'delivered', 'bounced'))
        OR (status = 'dead' AND outcome IN ('failed', 'deferred', 'unknown', 'lease_lost'))
        OR (status = 'cancelled' AND outcome = 'cancelled')
        OR (status = 'expired' AND outcome = 'expired')
    ),
    CONSTRAINT job_history_attempts_in_range CHECK (attempts BETWEEN 0 AND max_attempts),
    CONSTRAINT job_history_completed_was_tried CHECK (
        status <> 'completed' OR (attempts > 0 AND started_at IS NOT NULL)
    ),
    CONSTRAINT job_history_try_whole CHECK (
        num_nonnulls(leased_by, try_started_at, try_finished_at) IN (0, 3)
        AND try_finished_at >= try_started_at
    ),
    CONSTRAINT job_history_code_is_smtp CHECK (code BETWEEN 100 AND 999)
) PARTITION BY LIST (status);

SELECT secure_tenant_table('job_history', 'SELECT', 'SELECT, INSERT');

CREATE TABLE job_history_completed
    PARTITION OF job_history FOR VALUES IN ('completed') PARTITION BY RANGE (completed_at);
CREATE TABLE job_history_cancelled
    PARTITION OF job_history FOR VALUES IN ('cancelled') PARTITION BY RANGE (completed_at);
CREATE TABLE job_history_expired
    PARTITION OF job_history FOR VALUES IN ('expired') PARTITION BY RANGE (completed_at);
CREATE TABLE job_history_dead
    PARTITION OF job_history FOR VALUES IN ('dead') PARTITION BY RANGE (completed_at);

ALTER TABLE job_history_completed ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE job_history_cancelled ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE job_history_expired ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE job_history_dead ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

SELECT partition_by_time('job_history_completed', 'completed_at', 'day', INTERVAL '30 days', 'timestamptz');
SELECT partition_by_time('job_history_cancelled', 'completed_at', 'day', INTERVAL '30 days', 'timestamptz');
SELECT partition_by_time('job_history_expired', 'completed_at', 'day', INTERVAL '30 days', 'timestamptz');
SELECT partition_by_time('job_history_dead', 'completed_at', 'day', INTERVAL '90 days', 'timestamptz');

-- Partitions as far back as there is something to move.
ALTER TABLE job_history NO FORCE ROW LEVEL SECURITY;
ALTER TABLE job_history_before NO FORCE ROW LEVEL SECURITY;
UPDATE partitioned_tables SET periods_behind = greatest(1, (
    SELECT coalesce(ceil(extract(epoch FROM now() - min(completed_at)) / 86400), 1)
    FROM job_history_before))
WHERE parent LIKE 'job_history_%';
SELECT ensure_partitions(8);
INSERT INTO job_history (tenant_id, id, job_type, queue, status, outcome, priority, attempts,
    max_attempts, lease_losses, scheduled_at, started_at, completed_at, created_at, error_message,
    last_error_code, progress, correlation_id)
SELECT tenant_id, id, job_type, queue, status, outcome, priority, attempts,
    max_attempts, lease_losses, scheduled_at, started_at, completed_at, created_at, error_message,
    last_error_code, progress, correlation_id
FROM job_history_before;
ALTER TABLE job_history FORCE ROW LEVEL SECURITY;
DROP TABLE job_history_before;
UPDATE partitioned_tables SET periods_behind = 1 WHERE parent LIKE 'job_history_%';

ALTER TABLE job_attempts DROP CONSTRAINT job_attempts_outcome_known;
ALTER TABLE job_attempts ADD CONSTRAINT job_attempts_outcome_known CHECK (
    outcome IN ('succeeded', 'delivered', 'deferred', 'bounced', 'failed', 'unknown')
);
-- As long as the dead jobs, whose tries they are for the most part.
UPDATE partitioned_tables SET retention = INTERVAL '90 days' WHERE parent = 'job_attempts';
