-- subject_hash is the keyed hash of the address, so the request survives the erasure it asks for.
CREATE TABLE erasure_requests (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid
    REFERENCES tenants (id),
  id uuid NOT NULL,
  subject_kind text NOT NULL CHECK (subject_kind IN ('address', 'lead', 'user', 'tenant')),
  subject_id uuid,
  subject_hash bytea CHECK (octet_length(subject_hash) = 32),
  status text NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'running', 'done', 'failed')),
  requested_by text NOT NULL CHECK (length(requested_by) BETWEEN 1 AND 64),
  deadline_at timestamptz NOT NULL,
  completed_at timestamptz,
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT erasure_requests_names_subject CHECK (CASE subject_kind
    WHEN 'tenant' THEN subject_id IS NULL AND subject_hash IS NULL
    WHEN 'address' THEN subject_hash IS NOT NULL
    ELSE subject_id IS NOT NULL END),
  CONSTRAINT erasure_requests_done_has_time CHECK ((status = 'done') = (completed_at IS NOT NULL))
);

SELECT secure_tenant_table('erasure_requests', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');

CREATE TABLE erasure_receipts (
  tenant_id uuid NOT NULL DEFAULT current_setting('app.current_tenant_id')::uuid,
  request_id uuid NOT NULL,
  tier text NOT NULL CHECK (tier IN ('oltp', 'content', 'olap', 'queue', 'notifications')),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
  rows_erased bigint CHECK (rows_erased >= 0),
  error_code text CHECK (error_code ~ '^[a-z0-9_]{1,64}$'),
  completed_at timestamptz,
  row_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, request_id, tier),
  FOREIGN KEY (tenant_id, request_id) REFERENCES erasure_requests (tenant_id, id),
  CONSTRAINT erasure_receipts_done_has_count CHECK (
    (status = 'done') = (completed_at IS NOT NULL AND rows_erased IS NOT NULL)
  ),
  CONSTRAINT erasure_receipts_failed_has_code CHECK ((status = 'failed') = (error_code IS NOT NULL))
);

SELECT secure_tenant_table('erasure_receipts', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');
