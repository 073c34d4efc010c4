CREATE TABLE domains (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  id uuid NOT NULL,
  name text NOT NULL CHECK (name = lower(name) AND octet_length(name) BETWEEN 1 AND 253),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'verified', 'failed')),
  dkim_selector text CHECK (dkim_selector ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  dkim_private_key_encrypted bytea,
  dkim_public_key text,
  checks jsonb NOT NULL DEFAULT '{}',
  verified_at timestamptz,
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT domains_name_key UNIQUE (tenant_id, name),
  CONSTRAINT domains_verified_has_time CHECK ((status = 'verified') = (verified_at IS NOT NULL)),
  CONSTRAINT domains_dkim_whole CHECK (
    num_nulls(dkim_selector, dkim_private_key_encrypted, dkim_public_key) IN (0, 3)
  )
);

SELECT secure_tenant_table('domains', 'SELECT, INSERT, UPDATE, DELETE', NULL);

-- smtp_host NULL: the platform's relay carries the mail of this mailbox.
CREATE TABLE mailboxes (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  id uuid NOT NULL,
  domain_id uuid NOT NULL,
  address text NOT NULL CHECK (octet_length(address) BETWEEN 3 AND 254),
  address_norm text NOT NULL CHECK (octet_length(address_norm) BETWEEN 3 AND 254),
  display_name text CHECK (length(display_name) BETWEEN 1 AND 200),
  smtp_host text CHECK (length(smtp_host) BETWEEN 1 AND 253),
  smtp_port integer CHECK (smtp_port BETWEEN 1 AND 65535),
  smtp_security text CHECK (smtp_security IN ('none', 'starttls', 'tls')),
  smtp_username text CHECK (length(smtp_username) BETWEEN 1 AND 320),
  secret_encrypted bytea,
  daily_cap integer CHECK (daily_cap > 0),
  per_minute_cap integer CHECK (per_minute_cap > 0),
  warmup_started_on date,
  unknown_outcome_policy text NOT NULL DEFAULT 'retry_once'
    CHECK (unknown_outcome_policy IN ('retry_once', 'park')),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'failing')),
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT mailboxes_address_norm_key UNIQUE (tenant_id, address_norm),
  FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id),
  CONSTRAINT mailboxes_server_whole CHECK (
    num_nulls(smtp_host, smtp_port, smtp_security) IN (0, 3)
  ),
  CONSTRAINT mailboxes_login_whole CHECK (
    (smtp_username IS NULL) = (secret_encrypted IS NULL)
    AND (smtp_username IS NULL OR smtp_host IS NOT NULL)
  )
);
CREATE INDEX idx_mailboxes_domain ON mailboxes (tenant_id, domain_id);

SELECT secure_tenant_table('mailboxes', 'SELECT, INSERT, UPDATE, DELETE', NULL);

-- Test and live mail have separate lists: nothing a test key does may stop live mail.
-- The keyed hash survives the erasure of the address.
CREATE TABLE suppressions (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  mode text NOT NULL CHECK (mode IN ('live', 'test')),
  address_hash bytea NOT NULL CHECK (octet_length(address_hash) = 32),
  address text CHECK (octet_length(address) BETWEEN 3 AND 254),
  reason text NOT NULL
    CHECK (reason IN ('hard_bounce', 'complaint', 'unsubscribe', 'manual', 'erased')),
  source_email_id uuid,
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, mode, address_hash),
  CONSTRAINT suppressions_erased_has_no_address CHECK (reason <> 'erased' OR address IS NULL)
);

SELECT secure_tenant_table('suppressions', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, INSERT');
