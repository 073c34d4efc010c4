CREATE TABLE leads (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  id uuid NOT NULL,
  email text CHECK (octet_length(email) BETWEEN 3 AND 254),
  email_norm text CHECK (octet_length(email_norm) BETWEEN 3 AND 254),
  first_name text CHECK (length(first_name) <= 200),
  last_name text CHECK (length(last_name) <= 200),
  company text CHECK (length(company) <= 200),
  attributes jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
  status text NOT NULL DEFAULT 'active'
    CHECK (status IN ('active', 'unsubscribed', 'bounced', 'complained', 'erased')),
  source text CHECK (length(source) <= 100),
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT leads_email_norm_key UNIQUE (tenant_id, email_norm),
  CONSTRAINT leads_erased_has_no_address CHECK (
    (status = 'erased') = (email IS NULL) AND (email IS NULL) = (email_norm IS NULL)
    AND (status <> 'erased' OR num_nonnulls(first_name, last_name, company) = 0)
  )
);

SELECT secure_tenant_table('leads', 'SELECT, INSERT, UPDATE, DELETE', NULL);

-- outstanding counts down with every outcome; nothing counts rows.
CREATE TABLE campaigns (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  id uuid NOT NULL,
  organization_id uuid,
  mailbox_id uuid,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  status text NOT NULL DEFAULT 'draft' CHECK (status IN (
    'draft', 'scheduled', 'launching', 'running', 'paused', 'completed', 'cancelled')),
  scheduled_at timestamptz,
  launched_at timestamptz,
  finished_at timestamptz,
  audience_size integer NOT NULL DEFAULT 0 CHECK (audience_size >= 0),
  outstanding integer NOT NULL DEFAULT 0 CHECK (outstanding >= 0),
  launch_step smallint,
  launch_cursor uuid,
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, organization_id) REFERENCES organizations (tenant_id, id),
  FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id),
  CONSTRAINT campaigns_scheduled_has_time CHECK (status <> 'scheduled' OR scheduled_at IS NOT NULL),
  CONSTRAINT campaigns_launched_has_mailbox_and_time CHECK (
    status IN ('draft', 'scheduled', 'cancelled')
    OR (launched_at IS NOT NULL AND mailbox_id IS NOT NULL)
  ),
  CONSTRAINT campaigns_finished_has_time CHECK (
    (status IN ('completed', 'cancelled')) = (finished_at IS NOT NULL)
  )
);
CREATE INDEX idx_campaigns_tenant_dates ON campaigns (tenant_id, created_at, status);
CREATE INDEX idx_campaigns_organization ON campaigns (tenant_id, organization_id)
  WHERE organization_id IS NOT NULL;
CREATE INDEX idx_campaigns_mailbox ON campaigns (tenant_id, mailbox_id)
  WHERE mailbox_id IS NOT NULL;

SELECT secure_tenant_table('campaigns', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, UPDATE');

CREATE TABLE campaign_steps (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
  campaign_id uuid NOT NULL,
  position smallint NOT NULL CHECK (position BETWEEN 1 AND 20),
  subject text NOT NULL CHECK (length(subject) <= 998),
  content_storage_key text NOT NULL CHECK (content_storage_key ~ '^cnt_[A-Za-z0-9_-]{22}$'),
  delay interval NOT NULL DEFAULT '0' CHECK (delay >= interval '0'),
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, campaign_id, position),
  FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_campaign_steps_content ON campaign_steps (tenant_id, content_storage_key);

SELECT secure_tenant_table('campaign_steps', 'SELECT, INSERT, UPDATE, DELETE', NULL);

-- Membership only: a lead's progress is read from campaign_deliveries.
CREATE TABLE campaign_leads (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
  campaign_id uuid NOT NULL,
  lead_id uuid NOT NULL,
  added_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, campaign_id, lead_id),
  FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_campaign_leads_lead ON campaign_leads (tenant_id, lead_id);

SELECT secure_tenant_table('campaign_leads', 'SELECT, INSERT, DELETE', NULL);

-- An e-mail of the batch has the id batch id + n, so the low 16 bits of the batch id are zero.
-- No index on state: updates stay on the page (reference/send-path.md).
CREATE TABLE campaign_batches (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
  id uuid NOT NULL CHECK (substring(uuid_send(id) FROM 15 FOR 2) = '\x0000'),
  campaign_id uuid NOT NULL,
  step smallint NOT NULL,
  chunk_no integer NOT NULL CHECK (chunk_no >= 0),
  n smallint NOT NULL CHECK (n BETWEEN 1 AND 500),
  lead_ids uuid[] NOT NULL,
  state text NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'sending', 'finished', 'cancelled')),
  token uuid,
  started_at timestamptz,
  finished_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT campaign_batches_chunk_key UNIQUE (tenant_id, campaign_id, step, chunk_no),
  FOREIGN KEY (tenant_id, campaign_id, step)
    REFERENCES campaign_steps (tenant_id, campaign_id, position),
  CONSTRAINT campaign_batches_one_lead_each CHECK (cardinality(lead_ids) = n),
  CONSTRAINT campaign_batches_sending_has_token CHECK (
    state <> 'sending' OR (token IS NOT NULL AND started_at IS NOT NULL)
  ),
  CONSTRAINT campaign_batches_finished_has_time CHECK (
    (state IN ('finished', 'cancelled')) = (finished_at IS NOT NULL)
  )
) WITH (fillfactor = 50);
ALTER TABLE campaign_batches ALTER COLUMN lead_ids SET STORAGE EXTERNAL;

SELECT secure_tenant_table('campaign_batches', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');

-- Inserted once, with the outcome; a later bounce is a row of campaign_engagements. No foreign key
-- and no second index: this row is written once per recipient of every campaign.
CREATE TABLE campaign_deliveries (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
  campaign_id uuid NOT NULL,
  step smallint NOT NULL CHECK (step BETWEEN 1 AND 20),
  lead_id uuid NOT NULL,
  batch_id uuid NOT NULL,
  n smallint NOT NULL CHECK (n BETWEEN 1 AND 500),
  status text NOT NULL CHECK (status IN (
    'delivered', 'bounced', 'failed', 'suppressed', 'cancelled', 'unknown')),
  code smallint CHECK (code BETWEEN 200 AND 599),
  sent_at timestamptz,
  PRIMARY KEY (tenant_id, campaign_id, step, lead_id),
  CONSTRAINT campaign_deliveries_sent_has_time CHECK (
    status NOT IN ('delivered', 'bounced', 'unknown') OR sent_at IS NOT NULL
  )
);

SELECT secure_tenant_table('campaign_deliveries', 'SELECT', 'SELECT, INSERT');

CREATE TABLE batch_cancellations (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
  batch_id uuid NOT NULL,
  n smallint NOT NULL CHECK (n BETWEEN 1 AND 500),
  cancelled_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, batch_id, n),
  FOREIGN KEY (tenant_id, batch_id) REFERENCES campaign_batches (tenant_id, id)
);

SELECT secure_tenant_table('batch_cancellations', 'SELECT, INSERT', NULL);

CREATE TABLE campaign_engagements (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
  campaign_id uuid NOT NULL,
  step smallint NOT NULL CHECK (step BETWEEN 1 AND 20),
  lead_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN (
    'opened', 'clicked', 'replied', 'complained', 'unsubscribed', 'bounced')),
  machine boolean NOT NULL DEFAULT false,
  occurrences integer NOT NULL DEFAULT 1 CHECK (occurrences >= 1),
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, campaign_id, step, lead_id, kind, machine),
  FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id),
  CONSTRAINT campaign_engagements_order CHECK (first_at <= last_at)
);
CREATE INDEX idx_campaign_engagements_lead ON campaign_engagements (tenant_id, lead_id);

SELECT secure_tenant_table(
  'campaign_engagements', 'SELECT, INSERT, UPDATE', 'SELECT, INSERT, UPDATE');
