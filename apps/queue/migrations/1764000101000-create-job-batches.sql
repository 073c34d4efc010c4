-- One row per campaign batch (up to 500 recipients under one lease). No status column, and no lease
-- column in any index, so that lease, checkpoint and heartbeat are HOT updates.
CREATE TABLE job_batches (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    id UUID NOT NULL,
    job_type VARCHAR(50) NOT NULL,
    payload JSONB NOT NULL DEFAULT '{}',
    queue VARCHAR(50) NOT NULL DEFAULT 'default',
    rate_key VARCHAR(100),
    storage_key VARCHAR(500),
    priority INTEGER NOT NULL DEFAULT 0,
    scheduled_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    n INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    done BYTEA NOT NULL DEFAULT '',
    lease_token UUID,
    lease_expires_at TIMESTAMP WITH TIME ZONE,
    leased_by VARCHAR(100),
    lease_losses INTEGER NOT NULL DEFAULT 0,
    started_at TIMESTAMP WITH TIME ZONE,
    correlation_id VARCHAR(64),
    traceparent VARCHAR(55),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, id),
    -- An e-mail's id is batch id + ordinal: the low 16 bits of a batch id are free for it.
    CONSTRAINT job_batches_id_leaves_ordinals CHECK (substring(uuid_send(id) FROM 15) = '\x0000'),
    CONSTRAINT job_batches_size CHECK (n BETWEEN 1 AND 500),
    CONSTRAINT job_batches_checkpoint_fits CHECK (octet_length(done) <= n),
    CONSTRAINT job_batches_lease_whole CHECK (
        (lease_token IS NULL) = (lease_expires_at IS NULL)
        AND (lease_token IS NULL) = (leased_by IS NULL)
    ),
    CONSTRAINT job_batches_leased_has_started CHECK (
        lease_token IS NULL OR started_at IS NOT NULL
    ),
    CONSTRAINT job_batches_counted CHECK (attempts >= 0 AND lease_losses >= 0)
) WITH (fillfactor = 50);

CREATE INDEX idx_job_batches_ready ON job_batches (priority DESC, scheduled_at, id);

SELECT secure_tenant_table(
    'job_batches', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, INSERT, UPDATE, DELETE');
