-- What holds lanes back. A paused tenant (rate_key '') or mailbox keeps its jobs; every claim reads
-- this table, so a pause counts from its commit on, at every replica.
CREATE TABLE lane_pauses (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    rate_key VARCHAR(100) NOT NULL DEFAULT '',
    reason VARCHAR(200),
    paused_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, rate_key)
);

SELECT secure_tenant_table('lane_pauses', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT');

-- limit_key: 'tenant', 'mailbox:<rate key>', 'domain:<domain key>', or 'domain:*' for each recipient
-- domain that has none of its own. NULL: unlimited. The n-th entry of the curve caps the n-th day from
-- warmup_started_on on (UTC); after the last entry per_day alone counts.
CREATE TABLE rate_limits (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    limit_key VARCHAR(150) NOT NULL,
    per_minute INTEGER,
    per_day INTEGER,
    warmup_started_on DATE,
    warmup_curve INTEGER[],
    row_version INTEGER NOT NULL DEFAULT 1,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
    PRIMARY KEY (tenant_id, limit_key),
    CONSTRAINT rate_limits_key_known CHECK (
        limit_key = 'tenant' OR limit_key LIKE 'mailbox:_%' OR limit_key LIKE 'domain:_%'
    ),
    CONSTRAINT rate_limits_positive CHECK (per_minute > 0 AND per_day > 0),
    CONSTRAINT rate_limits_limit_something CHECK (
        num_nonnulls(per_minute, per_day, warmup_started_on) > 0
    ),
    CONSTRAINT rate_limits_warmup_whole CHECK (
        (warmup_started_on IS NULL) = (warmup_curve IS NULL)
        AND (warmup_curve IS NULL OR (
            cardinality(warmup_curve) BETWEEN 1 AND 365
            AND array_position(warmup_curve, NULL) IS NULL
            AND 0 < ALL (warmup_curve)
        ))
    )
);

SELECT secure_tenant_table('rate_limits', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT');

-- How much of a limit is used: the bucket of the minute, refilled continuously, and the count of the
-- day (UTC). A missing row is a full bucket.
DROP TABLE rate_buckets;
CREATE TABLE rate_buckets (
    tenant_id UUID NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
    limit_key VARCHAR(150) NOT NULL,
    tokens DOUBLE PRECISION NOT NULL,
    refilled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    day DATE NOT NULL,
    used_today INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, limit_key),
    CONSTRAINT rate_buckets_in_range CHECK (tokens >= 0 AND used_today >= 0)
) WITH (fillfactor = 50);

SELECT secure_tenant_table('rate_buckets', 'SELECT', 'SELECT, INSERT, UPDATE, DELETE');
