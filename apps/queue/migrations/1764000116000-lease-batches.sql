-- A leased batch may be sent up to lease_to (exclusive): what its limits allow. After a lost lease the
-- ordinals from the end of `done` up to in_doubt_to may have been sent by a worker that could not say so.
-- Recipients that are to be tried again leave as single jobs of item_type, with max_attempts.
ALTER TABLE job_batches
    ADD COLUMN item_type VARCHAR(50) NOT NULL,
    ADD COLUMN max_attempts INTEGER NOT NULL DEFAULT 3,
    ADD COLUMN lease_to INTEGER,
    ADD COLUMN in_doubt_to INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN returns INTEGER NOT NULL DEFAULT 0,
    DROP CONSTRAINT job_batches_lease_whole,
    ADD CONSTRAINT job_batches_lease_whole CHECK (
        (lease_token IS NULL) = (lease_expires_at IS NULL)
        AND (lease_token IS NULL) = (leased_by IS NULL)
        AND (lease_token IS NULL) = (lease_to IS NULL)
    ),
    ADD CONSTRAINT job_batches_lease_fits CHECK (lease_to BETWEEN octet_length(done) AND n),
    ADD CONSTRAINT job_batches_waiting_has_work CHECK (
        lease_token IS NOT NULL OR octet_length(done) < n
    ),
    ADD CONSTRAINT job_batches_doubt_fits CHECK (in_doubt_to BETWEEN 0 AND n),
    ADD CONSTRAINT job_batches_returns_counted CHECK (returns >= 0),
    ADD CONSTRAINT job_batches_may_be_tried CHECK (max_attempts > 0);

-- However a batch ends, each of its recipients has an outcome.
ALTER TABLE batch_history
    ADD COLUMN group_id UUID,
    DROP CONSTRAINT batch_history_status_known,
    DROP CONSTRAINT batch_history_outcomes_complete,
    DROP CONSTRAINT batch_history_counted,
    ADD CONSTRAINT batch_history_status_known CHECK (status IN ('completed', 'dead', 'cancelled')),
    ADD CONSTRAINT batch_history_outcomes_complete CHECK (octet_length(outcomes) = n),
    ADD CONSTRAINT batch_history_completed_was_leased CHECK (
        status <> 'completed' OR started_at IS NOT NULL
    ),
    ADD CONSTRAINT batch_history_counted CHECK (
        n BETWEEN 1 AND 500 AND attempts >= 0 AND lease_losses >= 0
    );
