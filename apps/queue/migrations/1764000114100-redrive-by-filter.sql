-- Redriving by filter marks letters of all tenants; what a letter says of its job stays as it is.
GRANT UPDATE (redriven_at, redriven_as) ON dead_letters TO {{tier}}_system;

-- An operator names a letter by its id alone.
CREATE INDEX idx_dead_letters_id ON dead_letters (id);
