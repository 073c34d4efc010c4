import { newEmailId, newId } from '@penguinmails/contracts';

/** Answers in the shapes that the tiers give, with more in them than the public API shows. */
export const TENANT = newId();
export const USER = newId();
export const STORAGE_KEY = 'cnt_AAAAAAAAAAAAAAAAAAAAAA';
export const NIL = '00000000-0000-0000-0000-000000000000';
const AT = '2026-06-01T12:00:00.123Z';
/** What a tier may add tomorrow and nobody outside must see. */
const INTERNAL = { row_version: 7, content_storage_key: STORAGE_KEY };

export const scopes = [
  'emails:send',
  'emails:read',
  'notifications:read',
  'notifications:write',
  'analytics:read',
  'jobs:read',
  'jobs:write',
  'api_keys:write',
];

export const identity = (change: object = {}) => ({
  key_id: newId(),
  tenant_id: TENANT,
  kind: 'tenant',
  mode: 'live',
  scopes,
  user_id: USER,
  tenant_status: 'active',
  expires_at: null,
  ...change,
});

export const email = (change: object = {}) => ({
  object: 'email',
  id: newEmailId(),
  mode: 'live',
  status: 'queued',
  from: 'hello@demo.sandbox.test',
  to: 'ada@example.com',
  subject: 'Hello',
  reply_to: null,
  tags: [{ name: 'purpose', value: 'test' }],
  scheduled_at: null,
  created_at: AT,
  updated_at: AT,
  sent_at: null,
  message_id: '<x@demo.sandbox.test>',
  size_bytes: 5,
  last_error_code: null,
  ...INTERNAL,
  ...change,
});

export const FILE_ID = newId();
export const content = (change: object = {}) => ({
  storage_key: STORAGE_KEY,
  state: 'attached',
  text: 'Hello',
  html: null,
  headers: { 'X-Order': '4711' },
  raw_size_bytes: 5,
  total_size_bytes: 105,
  content_hash: 'ab'.repeat(32),
  attachments: [
    {
      id: FILE_ID,
      filename: 'report.csv',
      content_type: 'text/csv',
      size_bytes: 100,
      disposition: 'attachment',
      content_id: null,
      content_hash: 'cd'.repeat(32),
    },
  ],
  ...change,
});

export const attempt = (change: object = {}) => ({
  attempt: 1,
  outcome: 'deferred',
  code: 451,
  enhanced_code: '4.7.1',
  error_code: 'greylisted',
  reply: '451 4.7.1 try later',
  started_at: AT,
  finished_at: AT,
  ...INTERNAL,
  ...change,
});

export const job = (change: object = {}) => ({
  object: 'job',
  id: newEmailId(),
  type: 'send_email',
  status: 'ready',
  priority: 100,
  attempts: 0,
  max_attempts: 12,
  scheduled_at: AT,
  started_at: null,
  completed_at: null,
  last_error_code: null,
  created_at: AT,
  expires_at: null,
  cancel_requested_at: null,
  redriven_from: null,
  progress: null,
  limited_by: null,
  ...INTERNAL,
  ...change,
});

export const notification = (change: object = {}) => ({
  object: 'notification',
  id: newId(),
  type: 'delivery_summary',
  title: 'E-mails delivered',
  message: '5 e-mails were delivered.',
  channel: 'in_app',
  is_read: false,
  occurrences: 5,
  created_at: '2026-06-01T12:00:00.123456Z',
  last_seen_at: AT,
  read_at: null,
  ...INTERNAL,
  ...change,
});

export const systemEvent = (change: object = {}) => ({
  object: 'system_event',
  id: newId(),
  event_type: 'content_corrupted',
  severity: 'critical',
  description: 'content corrupted',
  details: { code: 'hash_mismatch', subject_kind: 'content', subject_id: null },
  tenant_id: TENANT,
  occurrences: 1,
  is_resolved: false,
  created_at: '2026-06-01T12:00:00.123456Z',
  last_seen_at: AT,
  resolved_at: null,
  ...INTERNAL,
  ...change,
});

export const parkedEvent = (change: object = {}) => ({
  object: 'parked_event',
  id: newId(),
  state: 'retrying',
  tenant_id: TENANT,
  topic: 'penguinmails.internal.oltp.emails.v1',
  partition: 0,
  offset: '42',
  key: newEmailId(),
  event_id: newId(),
  type: 'penguinmails.email.accepted.v1',
  attempts: 3,
  last_error: 'type_error',
  next_attempt_at: '2026-06-01T12:00:00.123456Z',
  created_at: '2026-06-01T12:00:00.123456Z',
  dead_at: null,
  payload: 'internal',
  ...INTERNAL,
  ...change,
});

export const billing = (change: object = {}) => ({
  data: [
    {
      period_start: '2026-06-01',
      period_end: '2026-06-30',
      emails_sent: 1000,
      emails_delivered: 990,
      emails_bounced: 10,
      total_bytes: 5_242_880,
      total_size_mb: '5.00',
      estimated_cost_usd: '0.1000',
      ...INTERNAL,
    },
  ],
  as_of: AT,
  lag_seconds: 0,
  ...change,
});

export const apiKey = (change: object = {}) => ({
  object: 'api_key',
  id: newId(),
  name: 'CI',
  mode: 'test',
  scopes,
  key: `pm_test_${'a'.repeat(22)}_${'b'.repeat(43)}`,
  expires_at: null,
  created_at: AT,
  ...INTERNAL,
  ...change,
});

export const foundation = () => ({
  tenant: {
    object: 'tenant',
    id: newId(),
    name: 'Demo',
    slug: 'demo',
    status: 'active',
    plan_code: 'standard',
    created_at: AT,
    ...INTERNAL,
  },
  owner: { object: 'user', id: newId(), email: 'o@demo.example', name: 'O', role: 'owner' },
  domain: { object: 'domain', id: newId(), name: 'demo.sandbox.test', status: 'verified' },
  mailbox: {
    object: 'mailbox',
    id: newId(),
    address: 'hello@demo.sandbox.test',
    status: 'active',
    ...INTERNAL,
  },
  api_keys: [apiKey({ mode: 'live' }), apiKey()],
});

export const health = (tier: string, change: object = {}) => ({
  tier,
  database: {
    reachable: true,
    latency_ms: 0.4,
    pool: { max: 100, total: 2, idle: 2, waiting: 0, host: 'internal' },
  },
  outbox: { depth: 0, oldest_age_seconds: 0 },
  consumer: { state: 'running', lag: 0 },
  ...INTERNAL,
  ...change,
});

export const queue = (change: object = {}) => ({
  object: 'queue',
  type: 'send_email',
  paused: false,
  reason: null,
  paused_at: null,
  depth: { scheduled: 1, ready: 2, running: 3, dead: 4 },
  oldest_ready_age_seconds: 1.5,
  finished_per_minute: 120.4,
  ...INTERNAL,
  ...change,
});

export const queuePause = (change: object = {}) => ({
  object: 'queue_pause',
  tenant_id: TENANT,
  mailbox_id: null,
  reason: 'complaints',
  paused_at: AT,
  ...INTERNAL,
  ...change,
});

export const queueLimit = (change: object = {}) => ({
  object: 'queue_limit',
  tenant_id: TENANT,
  limit_key: 'tenant',
  per_minute: 60,
  per_day: null,
  warmup: null,
  used_today: 7,
  updated_at: AT,
  ...INTERNAL,
  ...change,
});

export const deadLetter = (change: object = {}) => ({
  object: 'dead_letter',
  id: newId(),
  tenant_id: TENANT,
  job_id: newEmailId(),
  type: 'send_email',
  outcome: 'failed',
  error_code: 'tls_required',
  attempts: 1,
  max_attempts: 12,
  lease_losses: 0,
  correlation_id: null,
  job_created_at: AT,
  died_at: '2026-06-01T12:00:00.123456Z',
  redriven_at: null,
  redriven_as: null,
  root_job_id: newEmailId(),
  redrives: 0,
  ...INTERNAL,
  ...change,
});
