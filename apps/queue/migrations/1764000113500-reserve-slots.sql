-- Jobs that the limit of a recipient domain puts off get the next free slots, one after another.
ALTER TABLE rate_buckets ADD COLUMN reserved_until TIMESTAMP WITH TIME ZONE;
