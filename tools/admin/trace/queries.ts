// One statement a question. Read as a login that sees all tenants; nothing is written.

export const EMAIL = `
  SELECT tenant_id, status, mode, sender, recipient, length(subject) AS subject_length,
         content_storage_key AS storage_key, attempt, last_error_code, scheduled_at, created_at,
         sent_at, finished_at
  FROM emails WHERE id = $1`;

export const CONTENT = `
  SELECT c.state, c.raw_size_bytes, c.compression_algorithm AS compression, c.created_at,
         c.expires_at,
         coalesce(array_agg(a.size_bytes ORDER BY a.position) FILTER (WHERE a.id IS NOT NULL), '{}')
           AS attachments
  FROM content_objects c
  LEFT JOIN attachments a ON a.tenant_id = c.tenant_id AND a.parent_storage_key = c.storage_key
  WHERE c.tenant_id = $1 AND c.storage_key = $2
  GROUP BY c.tenant_id, c.storage_key`;

/** `last`: the try that completed the job, if it stands in its row. */
const triesWith = (last: string): string => `
  SELECT coalesce(json_agg(t ORDER BY t.attempt), '[]') FROM (
    SELECT attempt, outcome, code, enhanced_code, error_code, finished_at
    FROM job_attempts a WHERE a.tenant_id = j.tenant_id AND a.job_id = j.id${last}) t`;

const LAST_TRY = `
    UNION ALL
    SELECT j.attempts, j.outcome, j.code, j.enhanced_code, j.last_error_code, j.try_finished_at
    WHERE j.try_finished_at IS NOT NULL`;

const BURIED = `
  EXISTS (SELECT FROM dead_letters d WHERE d.tenant_id = j.tenant_id AND d.job_id = j.id)`;

/** The job's id is the e-mail's. */
export const JOB = `
  SELECT j.tenant_id, 'queue' AS place, j.status, NULL AS outcome, j.attempts, j.max_attempts,
         j.scheduled_at, j.lease_expires_at, j.completed_at, j.last_error_code,
         ${BURIED} AS buried, (${triesWith('')}) AS tries
  FROM job_queue j WHERE j.id = $1
  UNION ALL
  SELECT j.tenant_id, 'history', j.status, j.outcome, j.attempts, j.max_attempts, j.scheduled_at,
         NULL, j.completed_at, j.last_error_code, ${BURIED}, (${triesWith(LAST_TRY)})
  FROM job_history j WHERE j.id = $1
  LIMIT 1`;

export const HOUR = `
  SELECT bucket, accepted_count AS accepted, delivered_count AS delivered,
         bounced_count AS bounced
  FROM email_activity_hourly
  WHERE tenant_id = $1 AND mode = $2 AND bucket = date_trunc('hour', $3::timestamptz, 'UTC')`;

export const DAY = `
  SELECT d.day::text, d.delivered, d.bounced, (
    SELECT count(*)::int FROM notifications n
    WHERE n.tenant_id = d.tenant_id AND n.type = 'delivery_summary'
  ) AS summaries
  FROM delivery_days d
  WHERE d.tenant_id = $1 AND d.day = ($2::timestamptz AT TIME ZONE 'UTC')::date`;

/** Events about the e-mail that are not published yet, or wait for another try of their handler. */
export const STANDING = `
  SELECT (SELECT count(*)::int FROM outbox WHERE key = ANY($1)) AS unpublished,
         count(*)::int AS parked, max(last_error) AS last_error
  FROM parked_event WHERE key = ANY($1)`;
