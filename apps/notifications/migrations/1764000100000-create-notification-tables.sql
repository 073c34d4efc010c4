-- Who can be told: kept from tenant.created, so that a notification never has to ask another tier.
CREATE TABLE recipients (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    user_id UUID NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    row_version INTEGER NOT NULL DEFAULT 1,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, user_id)
);
SELECT secure_tenant_table('recipients', 'SELECT, INSERT, UPDATE, DELETE', NULL);

CREATE TABLE notifications (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL,
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    type VARCHAR(50) NOT NULL,
    title VARCHAR(255) NOT NULL,
    message TEXT NOT NULL CHECK (length(message) <= 2000),
    channel VARCHAR(20) NOT NULL DEFAULT 'in_app' CHECK (channel IN ('in_app', 'email')),
    is_read BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    read_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    deleted_at TIMESTAMP WITH TIME ZONE,
    -- Equal things within a window are one row with a count (alert fatigue).
    dedupe_key VARCHAR(200) NOT NULL DEFAULT gen_random_uuid()::text,
    occurrences INTEGER NOT NULL DEFAULT 1 CHECK (occurrences > 0),
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    row_version INTEGER NOT NULL DEFAULT 1,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, user_id, type, dedupe_key),
    CHECK (is_read = (read_at IS NOT NULL))
);
CREATE INDEX idx_notifications_unread ON notifications (user_id, created_at DESC) WHERE is_read = FALSE;
CREATE INDEX idx_notifications_feed ON notifications (tenant_id, user_id, created_at DESC, id DESC);
SELECT secure_tenant_table('notifications', 'SELECT, INSERT, UPDATE, DELETE', NULL);

-- What the delivery_summary notifications say: counted exactly, whoever may read it.
CREATE TABLE delivery_days (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    day DATE NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0 CHECK (delivered >= 0),
    bounced INTEGER NOT NULL DEFAULT 0 CHECK (bounced >= 0),
    failed INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, day)
);
SELECT secure_tenant_table('delivery_days', 'SELECT, INSERT, UPDATE, DELETE', NULL);

CREATE TABLE admin_system_events (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    event_type VARCHAR(50) NOT NULL,
    severity VARCHAR(20) NOT NULL CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    description TEXT NOT NULL CHECK (length(description) <= 2000),
    details JSONB,
    -- The platform tenant (nil UUID) where the event belongs to no tenant.
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    user_id UUID,
    is_resolved BOOLEAN NOT NULL DEFAULT FALSE,
    resolved_at TIMESTAMP WITH TIME ZONE,
    resolved_by UUID,
    resolution_note VARCHAR(1000),
    dedupe_key VARCHAR(200) NOT NULL DEFAULT gen_random_uuid()::text,
    occurrences INTEGER NOT NULL DEFAULT 1 CHECK (occurrences > 0),
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    row_version INTEGER NOT NULL DEFAULT 1,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, id),
    CHECK (is_resolved = (resolved_at IS NOT NULL))
);
-- One open row per fingerprint: what was resolved and happens again is a new row.
CREATE UNIQUE INDEX admin_system_events_open ON admin_system_events (tenant_id, dedupe_key) WHERE is_resolved = FALSE;
CREATE INDEX admin_system_events_newest ON admin_system_events (created_at DESC, id DESC);
SELECT secure_tenant_table('admin_system_events', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, INSERT, UPDATE');

CREATE TABLE notification_preferences (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    user_id UUID NOT NULL,
    type VARCHAR(50) NOT NULL,
    channel VARCHAR(20) NOT NULL CHECK (channel IN ('in_app', 'email')),
    muted BOOLEAN NOT NULL DEFAULT FALSE,
    row_version INTEGER NOT NULL DEFAULT 1,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, user_id, type, channel)
);
SELECT secure_tenant_table('notification_preferences', 'SELECT, INSERT, UPDATE, DELETE', NULL);
