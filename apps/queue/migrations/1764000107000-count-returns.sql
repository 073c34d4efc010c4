-- Times in a row that a job was given back unbegun: from the second one on it waits longer each time.
ALTER TABLE job_queue ADD COLUMN returns INTEGER NOT NULL DEFAULT 0
    CONSTRAINT job_queue_returns_counted CHECK (returns >= 0);
