-- Where a dead letter comes from: the job that died first, and how often it was redriven since.
ALTER TABLE dead_letters
    ADD COLUMN root_job_id UUID,
    ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN group_id UUID,
    ADD CONSTRAINT dead_letters_redrives_counted CHECK (redrives >= 0);

ALTER TABLE job_queue
    ADD COLUMN root_job_id UUID,
    ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0,
    ADD CONSTRAINT job_queue_redriven_whole CHECK (
        (redriven_from IS NULL) = (root_job_id IS NULL) AND (redriven_from IS NULL) = (redrives = 0)
    );

CREATE INDEX idx_dead_letters_died ON dead_letters (died_at DESC, id);

-- Jobs that belong together, for example all of one campaign. `remaining` goes down with each job that
-- ends, so that nobody has to count; the group is finished once it is sealed and nothing remains.
CREATE TABLE job_groups (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    kind VARCHAR(50) NOT NULL,
    total INTEGER NOT NULL DEFAULT 0,
    remaining INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0,
    sealed_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT job_groups_counted CHECK (
        remaining BETWEEN 0 AND total AND dead BETWEEN 0 AND total - remaining
    ),
    CONSTRAINT job_groups_finished_when_done CHECK (
        (finished_at IS NOT NULL) = (sealed_at IS NOT NULL AND remaining = 0)
    )
) WITH (fillfactor = 50);

SELECT secure_tenant_table('job_groups', 'SELECT, INSERT, UPDATE', 'SELECT, INSERT, UPDATE, DELETE');
