-- The seed inserts a content by key, text and headers alone, and an attachment with its bytes in the row.
-- Such rows are taken; what tells that their bytes are whole is missing, so they are not served. A body
-- that is packed, shared or archived is always the service's own and has all of it.
ALTER TABLE content_objects
    ALTER COLUMN raw_size_bytes DROP NOT NULL,
    ALTER COLUMN content_hash DROP NOT NULL,
    ALTER COLUMN compressed_size_bytes DROP NOT NULL,
    ADD CONSTRAINT content_objects_packed_is_measured CHECK (
        num_nonnulls(content_encoding, content_blob_hash, archive_ref) = 0
        OR num_nulls(raw_size_bytes, content_hash, compressed_size_bytes) = 0
    );

ALTER TABLE attachments
    ALTER COLUMN position DROP NOT NULL,
    ALTER COLUMN content_hash DROP NOT NULL,
    ALTER COLUMN storage_disposition DROP NOT NULL,
    ADD CONSTRAINT attachments_blob_is_described CHECK (
        content IS NOT NULL OR num_nulls(position, content_hash, storage_disposition) = 0
    );
