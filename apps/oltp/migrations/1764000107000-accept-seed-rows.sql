-- The seed inserts an e-mail by recipient, subject and content key alone; its status is then `pending`.
-- Such a row is taken and goes nowhere: no move of the state machine begins at `pending`. Every e-mail
-- that oltp has accepted is complete.
ALTER TABLE emails
  ALTER COLUMN id SET DEFAULT
    encode(set_byte(uuid_send(gen_random_uuid()), 14, 128), 'hex')::uuid,
  ALTER COLUMN mode SET DEFAULT 'live',
  ALTER COLUMN mailbox_id DROP NOT NULL,
  ALTER COLUMN sender DROP NOT NULL,
  ALTER COLUMN recipient_norm DROP NOT NULL,
  ALTER COLUMN recipient_hash DROP NOT NULL,
  ALTER COLUMN subject DROP NOT NULL,
  ALTER COLUMN size_bytes DROP NOT NULL,
  ALTER COLUMN message_id DROP NOT NULL,
  DROP CONSTRAINT emails_content_storage_key_check,
  ADD CONSTRAINT emails_storage_key_is_ours CHECK (
    content_storage_key ~ '^cnt_[A-Za-z0-9_-]{22}$'
    OR (status = 'pending' AND length(content_storage_key) BETWEEN 1 AND 500)
  ),
  ADD CONSTRAINT emails_accepted_is_complete CHECK (
    status = 'pending' OR num_nulls(
      mailbox_id, sender, recipient_norm, recipient_hash, subject, size_bytes, message_id) = 0
  );
