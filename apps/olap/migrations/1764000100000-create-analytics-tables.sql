-- Aggregates only: no recipient, address or e-mail id is ever stored in this tier.

CREATE TABLE billing_analytics (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    period_start DATE NOT NULL,
    period_end DATE NOT NULL,
    emails_sent INTEGER NOT NULL DEFAULT 0 CHECK (emails_sent >= 0),
    emails_delivered INTEGER NOT NULL DEFAULT 0 CHECK (emails_delivered >= 0),
    emails_bounced INTEGER NOT NULL DEFAULT 0 CHECK (emails_bounced >= 0),
    -- Added up exactly; the two DECIMAL columns below are derived from it and from the price.
    total_bytes BIGINT NOT NULL DEFAULT 0 CHECK (total_bytes >= 0),
    total_size_mb DECIMAL(10,2) NOT NULL DEFAULT 0,
    estimated_cost_usd DECIMAL(10,4) NOT NULL DEFAULT 0,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, period_start),
    CHECK (period_end > period_start),
    CHECK (period_start = date_trunc('month', period_start::timestamp)::date)
) PARTITION BY RANGE (period_start);
SELECT secure_tenant_table('billing_analytics', 'SELECT, INSERT, UPDATE, DELETE', NULL);
SELECT partition_by_time('billing_analytics', 'period_start', 'month', INTERVAL '10 years', 'date', NULL, 12);

CREATE TABLE campaign_analytics (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    campaign_id UUID NOT NULL,
    sent_count INTEGER NOT NULL DEFAULT 0 CHECK (sent_count >= 0),
    delivered_count INTEGER NOT NULL DEFAULT 0 CHECK (delivered_count >= 0),
    opened_count INTEGER NOT NULL DEFAULT 0 CHECK (opened_count >= 0),
    unique_opened_count INTEGER NOT NULL DEFAULT 0 CHECK (unique_opened_count >= 0),
    machine_opened_count INTEGER NOT NULL DEFAULT 0 CHECK (machine_opened_count >= 0),
    clicked_count INTEGER NOT NULL DEFAULT 0 CHECK (clicked_count >= 0),
    unique_clicked_count INTEGER NOT NULL DEFAULT 0 CHECK (unique_clicked_count >= 0),
    bounced_count INTEGER NOT NULL DEFAULT 0 CHECK (bounced_count >= 0),
    unsubscribed_count INTEGER NOT NULL DEFAULT 0 CHECK (unsubscribed_count >= 0),
    -- The hour that the row counts: increments of one hour meet in one row.
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT date_trunc('hour', NOW(), 'UTC'),
    PRIMARY KEY (tenant_id, campaign_id, recorded_at),
    CHECK (recorded_at = date_trunc('hour', recorded_at, 'UTC'))
) PARTITION BY RANGE (recorded_at);
SELECT secure_tenant_table('campaign_analytics', 'SELECT, INSERT, UPDATE, DELETE', NULL);
SELECT partition_by_time('campaign_analytics', 'recorded_at', 'month', INTERVAL '3 years', 'timestamptz', NULL, 12);

CREATE VIEW campaign_totals WITH (security_invoker = true) AS
SELECT tenant_id, campaign_id,
       SUM(sent_count) AS sent_count, SUM(delivered_count) AS delivered_count,
       SUM(opened_count) AS opened_count, SUM(unique_opened_count) AS unique_opened_count,
       SUM(machine_opened_count) AS machine_opened_count,
       SUM(clicked_count) AS clicked_count, SUM(unique_clicked_count) AS unique_clicked_count,
       SUM(bounced_count) AS bounced_count, SUM(unsubscribed_count) AS unsubscribed_count,
       MAX(recorded_at) AS last_recorded_at
FROM campaign_analytics
GROUP BY tenant_id, campaign_id;
GRANT SELECT ON campaign_totals TO {{tier}}_app, {{tier}}_ro;

CREATE TABLE email_activity_hourly (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    bucket TIMESTAMP WITH TIME ZONE NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('live', 'test')),
    accepted_count INTEGER NOT NULL DEFAULT 0 CHECK (accepted_count >= 0),
    accepted_bytes BIGINT NOT NULL DEFAULT 0 CHECK (accepted_bytes >= 0),
    scheduled_count INTEGER NOT NULL DEFAULT 0 CHECK (scheduled_count >= 0),
    queued_count INTEGER NOT NULL DEFAULT 0 CHECK (queued_count >= 0),
    sent_count INTEGER NOT NULL DEFAULT 0 CHECK (sent_count >= 0),
    delivered_count INTEGER NOT NULL DEFAULT 0 CHECK (delivered_count >= 0),
    delivery_delayed_count INTEGER NOT NULL DEFAULT 0 CHECK (delivery_delayed_count >= 0),
    bounced_count INTEGER NOT NULL DEFAULT 0 CHECK (bounced_count >= 0),
    failed_count INTEGER NOT NULL DEFAULT 0 CHECK (failed_count >= 0),
    suppressed_count INTEGER NOT NULL DEFAULT 0 CHECK (suppressed_count >= 0),
    cancelled_count INTEGER NOT NULL DEFAULT 0 CHECK (cancelled_count >= 0),
    PRIMARY KEY (tenant_id, bucket, mode),
    CHECK (bucket = date_trunc('hour', bucket, 'UTC'))
) PARTITION BY RANGE (bucket);
SELECT secure_tenant_table('email_activity_hourly', 'SELECT, INSERT, UPDATE, DELETE', NULL);
SELECT partition_by_time('email_activity_hourly', 'bucket', 'month', INTERVAL '3 years', 'timestamptz', NULL, 12);

-- The seed's "compliance summaries": counts a tenant shows to an auditor.
CREATE TABLE compliance_monthly (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    period_start DATE NOT NULL CHECK (period_start = date_trunc('month', period_start::timestamp)::date),
    sent_count INTEGER NOT NULL DEFAULT 0 CHECK (sent_count >= 0),
    bounced_count INTEGER NOT NULL DEFAULT 0 CHECK (bounced_count >= 0),
    complained_count INTEGER NOT NULL DEFAULT 0 CHECK (complained_count >= 0),
    unsubscribed_count INTEGER NOT NULL DEFAULT 0 CHECK (unsubscribed_count >= 0),
    erased_count INTEGER NOT NULL DEFAULT 0 CHECK (erased_count >= 0),
    suppressed_count INTEGER NOT NULL DEFAULT 0 CHECK (suppressed_count >= 0),
    PRIMARY KEY (tenant_id, period_start)
);
SELECT secure_tenant_table('compliance_monthly', 'SELECT, INSERT, UPDATE, DELETE', NULL);

-- What a tenant pays, as its plan said when the tenant was created.
CREATE TABLE tenant_prices (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid PRIMARY KEY,
    plan_code VARCHAR(50) NOT NULL,
    price_per_thousand_minor INTEGER NOT NULL CHECK (price_per_thousand_minor >= 0),
    currency CHAR(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    row_version INTEGER NOT NULL DEFAULT 1,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);
SELECT secure_tenant_table('tenant_prices', 'SELECT, INSERT, UPDATE, DELETE', NULL);
