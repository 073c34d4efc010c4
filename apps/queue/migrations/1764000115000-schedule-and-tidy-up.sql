-- The platform's own schedules are written at start.
SELECT grant_row_rights('schedules', 'INSERT', '{{tier}}_system');

-- Dead letters that were redriven long ago are tidied up.
SELECT grant_row_rights('dead_letters', 'DELETE', '{{tier}}_system');
CREATE INDEX idx_dead_letters_redriven ON dead_letters (redriven_at) WHERE redriven_at IS NOT NULL;

CREATE INDEX idx_job_groups_finished ON job_groups (finished_at) WHERE finished_at IS NOT NULL;

-- Which transactions were open on this database, once a minute: how long one has been is told from the
-- first mark that has it, as the sessions of other logins do not show their times.
CREATE TABLE horizon_marks (
    marked_at TIMESTAMP WITH TIME ZONE PRIMARY KEY,
    holders TEXT[] NOT NULL
);

SELECT secure_platform_table('horizon_marks', 'SELECT', 'SELECT, INSERT, DELETE');
