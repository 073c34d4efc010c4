-- What a batch gives back of its limits counts for the day on which it was leased. started_at is of its
-- first lease. NULL: leased by a version that did not note it.
ALTER TABLE job_batches ADD COLUMN leased_at TIMESTAMP WITH TIME ZONE;
