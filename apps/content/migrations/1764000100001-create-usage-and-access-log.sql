-- What a tenant stores is the sum of its rows. Every change appends one, so that no row is hot; a timer
-- folds the rows of a tenant into one, which changes no sum.
CREATE TABLE tenant_usage (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    -- bytes as stored: compressed, equal ones counted once
    stored_bytes BIGINT NOT NULL,
    object_count INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, id)
);
SELECT secure_tenant_table('tenant_usage', 'SELECT, INSERT', 'SELECT, INSERT, DELETE');

-- Who of a tenant read which body or attachment, and what for. Append-only.
CREATE TABLE content_access_log (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    accessed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    id UUID NOT NULL,
    actor_kind VARCHAR(20) NOT NULL CHECK (actor_kind IN ('api_key', 'platform_key', 'user', 'system')),
    actor_id VARCHAR(100) NOT NULL,
    storage_key VARCHAR(500) NOT NULL,
    attachment_id UUID,
    purpose VARCHAR(40) NOT NULL CHECK (purpose IN ('view_content', 'download_attachment')),
    request_id VARCHAR(100),
    PRIMARY KEY (tenant_id, accessed_at, id),
    CHECK ((purpose = 'download_attachment') = (attachment_id IS NOT NULL))
) PARTITION BY RANGE (accessed_at);
SELECT secure_tenant_table('content_access_log', 'SELECT, INSERT', NULL);
SELECT partition_by_time('content_access_log', 'accessed_at', 'month', INTERVAL '400 days', 'timestamptz');
