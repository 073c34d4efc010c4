-- The tenant stands in the key itself, so the look-up by digest runs under ordinary RLS.
CREATE TABLE api_keys (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  prefix text NOT NULL CHECK (prefix IN ('pm_live_', 'pm_test_', 'pm_platform_')),
  key_sha256 bytea NOT NULL CHECK (octet_length(key_sha256) = 32),
  scopes text[] NOT NULL,
  mode text NOT NULL CHECK (mode IN ('live', 'test')),
  user_id uuid,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT api_keys_key_sha256_key UNIQUE (tenant_id, key_sha256),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
  CONSTRAINT api_keys_platform_key_belongs_to_platform CHECK (
    (prefix = 'pm_platform_') = (tenant_id = '00000000-0000-0000-0000-000000000000')
  ),
  CONSTRAINT api_keys_prefix_says_mode CHECK ((prefix = 'pm_test_') = (mode = 'test')),
  CONSTRAINT api_keys_tenant_key_acts_as_user CHECK (
    prefix = 'pm_platform_' OR user_id IS NOT NULL
  )
);
COMMENT ON TABLE api_keys IS 'SHA-256 of the whole key; the key itself is shown once and never stored';

SELECT secure_tenant_table('api_keys', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');

-- Reserved before any lasting effect of a request, completed in the transaction of its write.
CREATE TABLE idempotency_keys (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  method text NOT NULL CHECK (method IN ('POST', 'PUT', 'PATCH', 'DELETE')),
  route text NOT NULL CHECK (length(route) BETWEEN 1 AND 200),
  fingerprint text NOT NULL CHECK (length(fingerprint) BETWEEN 1 AND 128),
  holder text NOT NULL CHECK (length(holder) BETWEEN 1 AND 64),
  reserved_at timestamptz NOT NULL DEFAULT now(),
  state text NOT NULL DEFAULT 'in_progress' CHECK (state IN ('in_progress', 'done')),
  status smallint CHECK (status BETWEEN 200 AND 499),
  response jsonb,
  expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
  PRIMARY KEY (tenant_id, key, method, route),
  CONSTRAINT idempotency_keys_done_has_answer CHECK (
    (state = 'done') = (status IS NOT NULL AND response IS NOT NULL)
    AND (state = 'done' OR (status IS NULL AND response IS NULL))
  )
);
CREATE INDEX idx_idempotency_keys_expires ON idempotency_keys (expires_at);

SELECT secure_tenant_table(
  'idempotency_keys', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, DELETE');

-- Append-only: the services may add and read, never change. The hash columns are filled by a sealer.
CREATE TABLE audit_log (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
  id uuid NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT now(),
  actor_kind text NOT NULL CHECK (actor_kind IN ('api_key', 'platform_key', 'user', 'system')),
  actor_id text NOT NULL CHECK (length(actor_id) BETWEEN 1 AND 64),
  action text NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$' AND length(action) <= 64),
  subject_kind text NOT NULL CHECK (subject_kind ~ '^[a-z_]+$' AND length(subject_kind) <= 32),
  subject_id text NOT NULL CHECK (length(subject_id) BETWEEN 1 AND 64),
  request_id text CHECK (length(request_id) <= 128),
  details jsonb NOT NULL DEFAULT '{}',
  chain_position bigint,
  previous_hash bytea,
  entry_hash bytea,
  PRIMARY KEY (tenant_id, id, occurred_at),
  CONSTRAINT audit_log_sealed_whole CHECK (
    num_nulls(chain_position, previous_hash, entry_hash) IN (0, 3)
  )
) PARTITION BY RANGE (occurred_at);

SELECT secure_tenant_table('audit_log', 'SELECT, INSERT', NULL);
SELECT partition_by_time('audit_log', 'occurred_at', 'month', interval '7 years', 'timestamptz');

-- Platform defaults stand under the platform tenant.
CREATE TABLE operational_config (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  key text NOT NULL CHECK (key ~ '^[a-z][a-z0-9_.]{0,99}$'),
  value jsonb NOT NULL,
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, key)
);

SELECT secure_tenant_table('operational_config', 'SELECT, INSERT, UPDATE, DELETE', NULL);
