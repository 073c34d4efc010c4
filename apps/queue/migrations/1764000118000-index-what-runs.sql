-- What waits is found by its lane (idx_job_queue_lanes), so the seed's index has what runs only: a job
-- that is added stands in two indexes instead of three (ADR 27).
DROP INDEX idx_job_queue_status_priority;
CREATE INDEX idx_job_queue_status_priority
    ON job_queue (status, priority DESC, scheduled_at) WHERE status = 'running';
