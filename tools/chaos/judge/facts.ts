import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tier } from '../../stack/ports.ts';
import { tiers } from '../../stack/ports.ts';
import { queryOnce } from '../../stack/postgres/query.ts';
import { type Arrival, JOURNAL } from '../../stack/smtp/message-store.ts';
import type { StackDescription } from '../../stack/stack-file.ts';
import type { ContentRow, Counters, EmailRow, Facts, HotJob, JobRow } from './fact-types.ts';

const EMAILS = `
  SELECT id, tenant_id AS "tenantId", recipient, status, message_id AS "messageId",
    content_storage_key AS "storageKey", sent_at IS NOT NULL AS "wasSent"
  FROM emails WHERE tenant_id = ANY ($1)`;

const CONTENTS = `
  SELECT storage_key AS "storageKey", state, content_text AS text
  FROM content_objects WHERE tenant_id = ANY ($1)`;

const JOBS = `
  SELECT h.id, h.status, h.outcome, h.attempts, h.max_attempts AS "maxAttempts",
    h.lease_losses AS "leaseLosses",
    (SELECT count(*) FROM job_attempts a WHERE a.tenant_id = h.tenant_id AND a.job_id = h.id
       AND a.outcome = 'unknown')::int AS unknowns,
    (SELECT count(*) FROM job_attempts a WHERE a.tenant_id = h.tenant_id AND a.job_id = h.id)::int
      + (h.try_started_at IS NOT NULL)::int AS tries
  FROM job_history h WHERE h.tenant_id = ANY ($1)`;

const HOT = `
  SELECT id, status, leased_by AS "leasedBy", attempts, unknown_outcomes AS unknowns,
    lease_losses AS "leaseLosses",
    status = 'running' AND lease_expires_at < now() - interval '5 seconds' AS overdue
  FROM job_queue WHERE tenant_id = ANY ($1)`;

/** Each counter as a row: name, sum over the tenants. */
const ACTIVITY = `
  SELECT coalesce(sum(accepted_count), 0)::int AS accepted,
    coalesce(sum(sent_count), 0)::int AS sent,
    coalesce(sum(delivered_count), 0)::int AS delivered
  FROM email_activity_hourly WHERE tenant_id = ANY ($1)`;
const BILLING = `
  SELECT coalesce(sum(emails_sent), 0)::int AS sent,
    coalesce(sum(emails_delivered), 0)::int AS delivered
  FROM billing_analytics WHERE tenant_id = ANY ($1)`;
const SUMMARY = `
  SELECT coalesce(sum(delivered), 0)::int AS delivered FROM delivery_days
  WHERE tenant_id = ANY ($1)`;

const BACKLOG = `
  SELECT (SELECT count(*) FROM outbox)::int AS outbox,
    (SELECT count(*) FROM parked_event)::int AS parked,
    (SELECT count(*) FROM dead_event)::int AS dead`;

/** Reads everything that the five databases and the sink hold about these tenants. */
export async function readFacts(stack: StackDescription, tenants: string[]): Promise<Facts> {
  const from = <R extends object>(tier: Tier, text: string): Promise<R[]> =>
    queryOnce<R>(stack.databases[tier].admin_url, text, [tenants]);
  const [emails, contents, jobs, hot, counters, backlog] = await Promise.all([
    from<EmailRow>('oltp', EMAILS),
    from<ContentRow>('content', CONTENTS),
    from<JobRow>('queue', JOBS),
    from<HotJob>('queue', HOT),
    readCounters(stack, tenants),
    readBacklog(stack),
  ]);
  const addresses = new Set(emails.map(({ recipient }) => recipient));
  const arrivals = readArrivals(stack).filter(({ to }) => to.some((one) => addresses.has(one)));
  return { emails, contents, jobs, hot, counters, backlog, arrivals };
}

/** The jobs of these tenants that are not finished. */
export const readHotJobs = (stack: StackDescription, tenants: string[]): Promise<HotJob[]> =>
  queryOnce<HotJob>(stack.databases.queue.admin_url, HOT, [tenants]);

/** Every copy that the sink has ever taken. */
export function readArrivals(stack: StackDescription): Arrival[] {
  const file = join(stack.data_dir, 'messages', JOURNAL);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Arrival);
}

async function readCounters(stack: StackDescription, tenants: string[]): Promise<Counters> {
  const one = async (tier: Tier, text: string): Promise<Record<string, number>> =>
    (
      await queryOnce<Record<string, number>>(stack.databases[tier].admin_url, text, [tenants])
    )[0] ?? {};
  const [activity, billing, summary] = await Promise.all([
    one('olap', ACTIVITY),
    one('olap', BILLING),
    one('notifications', SUMMARY),
  ]);
  return {
    'activity.accepted': activity.accepted ?? 0,
    'activity.sent': activity.sent ?? 0,
    'activity.delivered': activity.delivered ?? 0,
    'billing.sent': billing.sent ?? 0,
    'billing.delivered': billing.delivered ?? 0,
    'summary.delivered': summary.delivered ?? 0,
  };
}

/** What still waits in the outboxes, and what was set aside, over all five databases. */
async function readBacklog(stack: StackDescription): Promise<Facts['backlog']> {
  const rows = await Promise.all(
    tiers.map((tier) =>
      queryOnce<Facts['backlog']>(stack.databases[tier].admin_url, BACKLOG).then(([row]) => row),
    ),
  );
  const sum = (name: keyof Facts['backlog']): number =>
    rows.reduce((total, row) => total + (row?.[name] ?? 0), 0);
  return { outbox: sum('outbox'), parked: sum('parked'), dead: sum('dead') };
}
