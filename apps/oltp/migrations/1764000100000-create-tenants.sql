-- What is sold. Platform data: the same rows for every tenant, so no tenant_id and no policy.
CREATE TABLE plans (
  code text PRIMARY KEY CHECK (code ~ '^[a-z][a-z0-9_]{1,31}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  price_per_thousand integer NOT NULL CHECK (price_per_thousand >= 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  monthly_email_limit integer CHECK (monthly_email_limit > 0),
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN plans.price_per_thousand IS 'minor units of currency per 1,000 live e-mails';
COMMENT ON COLUMN plans.monthly_email_limit IS 'live e-mails a calendar month (UTC); NULL = no limit';

INSERT INTO plans (code, name, price_per_thousand, currency, monthly_email_limit) VALUES
  ('free', 'Free', 0, 'USD', 3000),
  ('standard', 'Standard', 100, 'USD', 5000000),
  ('enterprise', 'Enterprise', 50, 'USD', NULL);

SELECT secure_platform_table('plans', 'SELECT', NULL);

-- The row of the platform tenant (nil UUID) is made by the entry point `bootstrap`.
CREATE TABLE tenants (
  id uuid PRIMARY KEY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  slug text NOT NULL CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$'),
  status text NOT NULL DEFAULT 'active'
    CHECK (status IN ('active', 'suspended', 'erasing', 'erased')),
  plan_code text NOT NULL REFERENCES plans (code),
  monthly_email_limit integer CHECK (monthly_email_limit > 0),
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT tenants_slug_key UNIQUE (slug)
);
COMMENT ON COLUMN tenants.monthly_email_limit IS 'overrides the limit of the plan when set';

SELECT secure_tenant_table('tenants', 'SELECT, INSERT, UPDATE', 'SELECT', 'id');

CREATE TABLE users (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  id uuid NOT NULL,
  email text NOT NULL CHECK (octet_length(email) BETWEEN 3 AND 254),
  email_norm text NOT NULL CHECK (octet_length(email_norm) BETWEEN 3 AND 254),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  password_hash text,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'invited', 'disabled')),
  last_login_at timestamptz,
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT users_email_norm_key UNIQUE (tenant_id, email_norm)
);

SELECT secure_tenant_table('users', 'SELECT, INSERT, UPDATE, DELETE', NULL);

CREATE TABLE organizations (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);

SELECT secure_tenant_table('organizations', 'SELECT, INSERT, UPDATE, DELETE', NULL);

CREATE TABLE organization_members (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
  organization_id uuid NOT NULL,
  user_id uuid NOT NULL,
  role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, organization_id, user_id),
  FOREIGN KEY (tenant_id, organization_id) REFERENCES organizations (tenant_id, id)
    ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_organization_members_user ON organization_members (tenant_id, user_id);

SELECT secure_tenant_table('organization_members', 'SELECT, INSERT, UPDATE, DELETE', NULL);
