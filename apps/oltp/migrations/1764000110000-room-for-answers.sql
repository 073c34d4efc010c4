-- A key is reserved by an INSERT and answered by an UPDATE, whose row is three times as long. With room for
-- it on the same page the second version needs no index entries (HOT), and the first one goes when
-- the page is next written (ADR 25).
ALTER TABLE idempotency_keys SET (fillfactor = 25);
