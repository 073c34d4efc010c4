-- The same rule, ten times as fast: {22} makes the pattern's automaton anew for every row that is written,
-- and every check of a row is made at each of its updates.
ALTER TABLE emails
    DROP CONSTRAINT emails_storage_key_is_ours,
    ADD CONSTRAINT emails_storage_key_is_ours CHECK (
        (starts_with(content_storage_key, 'cnt_') AND length(content_storage_key) = 26
            AND content_storage_key !~ '[^A-Za-z0-9_-]')
        OR (status = 'pending' AND length(content_storage_key) BETWEEN 1 AND 500)
    );
