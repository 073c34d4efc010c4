-- A lease writes the row anew. Where its page has room for that, the old version needs no lock record of
-- its own in the WAL, and the job that ends is on one page instead of two.
ALTER TABLE job_queue SET (fillfactor = 50);
