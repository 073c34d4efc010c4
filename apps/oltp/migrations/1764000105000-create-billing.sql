CREATE TABLE billing_entities (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  id uuid NOT NULL,
  organization_id uuid,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  email text CHECK (octet_length(email) BETWEEN 3 AND 254),
  tax_id text CHECK (length(tax_id) <= 64),
  address jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(address) = 'object'),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'closed')),
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, organization_id) REFERENCES organizations (tenant_id, id)
);
CREATE INDEX idx_billing_entities_organization ON billing_entities (tenant_id, organization_id)
  WHERE organization_id IS NOT NULL;

SELECT secure_tenant_table('billing_entities', 'SELECT, INSERT, UPDATE', NULL);

-- A tenant has one running subscription at most; ended ones stay as history.
CREATE TABLE subscriptions (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  id uuid NOT NULL,
  billing_entity_id uuid NOT NULL,
  plan_code text NOT NULL REFERENCES plans (code),
  status text NOT NULL CHECK (status IN ('trialing', 'active', 'past_due', 'cancelled')),
  current_period_start timestamptz NOT NULL,
  current_period_end timestamptz NOT NULL,
  cancel_at_period_end boolean NOT NULL DEFAULT false,
  cancelled_at timestamptz,
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, billing_entity_id) REFERENCES billing_entities (tenant_id, id),
  CONSTRAINT subscriptions_period_runs_forward CHECK (current_period_start < current_period_end),
  CONSTRAINT subscriptions_cancelled_has_time CHECK (
    (status = 'cancelled') = (cancelled_at IS NOT NULL)
  )
);
CREATE UNIQUE INDEX subscriptions_one_running ON subscriptions (tenant_id)
  WHERE status <> 'cancelled';
CREATE INDEX idx_subscriptions_billing_entity ON subscriptions (tenant_id, billing_entity_id);

SELECT secure_tenant_table('subscriptions', 'SELECT, INSERT, UPDATE', NULL);
