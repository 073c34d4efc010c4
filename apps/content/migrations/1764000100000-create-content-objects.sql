-- Bytes of one tenant that several contents may share: large bodies and all attachments. Never shared
-- between tenants: whether a file is already known would tell one tenant what another one stores.
CREATE TABLE content_blobs (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    -- SHA-256 (hex) of the bytes before compression
    content_hash VARCHAR(64) NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    algorithm VARCHAR(20) NOT NULL CHECK (algorithm IN ('none', 'zstd')),
    bytes BYTEA NOT NULL,
    raw_size_bytes INTEGER NOT NULL CHECK (raw_size_bytes >= 0),
    ref_count INTEGER NOT NULL CHECK (ref_count >= 0),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, content_hash),
    CHECK (algorithm <> 'none' OR octet_length(bytes) = raw_size_bytes)
);
-- Already as small as it gets: PostgreSQL need not try its own compression on it.
ALTER TABLE content_blobs ALTER COLUMN bytes SET STORAGE EXTERNAL;
SELECT secure_tenant_table('content_blobs', 'SELECT, INSERT, UPDATE, DELETE', NULL);

CREATE TABLE content_objects (
    storage_key VARCHAR(500) NOT NULL,
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    content_text TEXT,
    content_html TEXT,
    headers JSONB CHECK (jsonb_typeof(headers) = 'object'),
    -- UTF-8 bytes of text and html; attachments carry their own size
    raw_size_bytes INTEGER NOT NULL CHECK (raw_size_bytes >= 0),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    expires_at TIMESTAMP WITH TIME ZONE,
    -- SHA-256 (hex) of the JSON [text, html, headers as sorted pairs]; verified on every read
    content_hash VARCHAR(64) NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    compression_algorithm VARCHAR(20) NOT NULL DEFAULT 'none'
        CHECK (compression_algorithm IN ('none', 'zstd')),
    -- what the body occupies as stored; equals raw_size_bytes for an inline body
    compressed_size_bytes INTEGER NOT NULL CHECK (compressed_size_bytes >= 0),
    -- the body JSON [text, html], compressed, when it is stored in this row but not as text
    content_encoding BYTEA,
    -- the same JSON as a shared blob
    content_blob_hash VARCHAR(64),
    state VARCHAR(20) NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'attached', 'condemned', 'archived')),
    state_changed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    -- the reaper's questions: when oltp was last asked who refers to this key, when it said nobody
    references_asked_at TIMESTAMP WITH TIME ZONE,
    references_denied_at TIMESTAMP WITH TIME ZONE,
    archived_at TIMESTAMP WITH TIME ZONE,
    archive_ref VARCHAR(500),
    -- opaque: what the owner called the thing that refers to this content
    owner_hint VARCHAR(200),
    row_version INTEGER NOT NULL DEFAULT 1,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, storage_key),
    FOREIGN KEY (tenant_id, content_blob_hash) REFERENCES content_blobs (tenant_id, content_hash),
    -- one place holds the body: inline text, compressed bytes, a blob or the archive
    CHECK (num_nonnulls(content_encoding, content_blob_hash, archive_ref) <= 1),
    CHECK (num_nonnulls(content_encoding, content_blob_hash, archive_ref) = 0
        OR num_nonnulls(content_text, content_html) = 0),
    CHECK (content_encoding IS NULL OR (compression_algorithm <> 'none'
        AND octet_length(content_encoding) = compressed_size_bytes)),
    CHECK ((state = 'archived') = (archive_ref IS NOT NULL)),
    CHECK ((state = 'archived') = (archived_at IS NOT NULL)),
    CHECK ((state = 'condemned') = (references_asked_at IS NOT NULL)),
    CHECK (references_denied_at IS NULL OR state = 'condemned')
);
ALTER TABLE content_objects ALTER COLUMN content_encoding SET STORAGE EXTERNAL;
CREATE INDEX idx_content_expires ON content_objects (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX idx_content_hash ON content_objects (content_hash) WHERE content_hash IS NOT NULL;
-- The reaper's work list: small, because nearly every content is attached within seconds.
CREATE INDEX idx_content_unattached ON content_objects (state, state_changed_at)
    WHERE state IN ('pending', 'condemned');
-- Deleting a blob asks who still refers to it.
CREATE INDEX idx_content_blob ON content_objects (tenant_id, content_blob_hash)
    WHERE content_blob_hash IS NOT NULL;
SELECT secure_tenant_table('content_objects', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, UPDATE');

CREATE TABLE attachments (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    parent_storage_key VARCHAR(500) NOT NULL,
    -- order within the message
    position SMALLINT NOT NULL CHECK (position >= 0),
    filename VARCHAR(255) NOT NULL CHECK (filename <> ''),
    mime_type VARCHAR(100) NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    content BYTEA,
    content_blob_hash VARCHAR(64),
    archive_ref VARCHAR(500),
    -- SHA-256 (hex) of the bytes; verified on every read
    content_hash VARCHAR(64) NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    storage_disposition VARCHAR(50) NOT NULL CHECK (storage_disposition IN ('inline', 'attachment')),
    content_id VARCHAR(255),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, parent_storage_key, position),
    FOREIGN KEY (tenant_id, parent_storage_key) REFERENCES content_objects (tenant_id, storage_key),
    FOREIGN KEY (tenant_id, content_blob_hash) REFERENCES content_blobs (tenant_id, content_hash),
    CHECK (num_nonnulls(content, content_blob_hash, archive_ref) = 1),
    CHECK (content IS NULL OR octet_length(content) = size_bytes)
);
CREATE INDEX idx_attachments_blob ON attachments (tenant_id, content_blob_hash)
    WHERE content_blob_hash IS NOT NULL;
SELECT secure_tenant_table('attachments', 'SELECT, INSERT, UPDATE, DELETE', NULL);
