/**
 * Every span and metric name of the platform, declared once. Names follow the OpenTelemetry semantic
 * conventions where there is one (HTTP, database, messaging); the rest starts with `penguinmails.`.
 * Attributes are ids of our own kinds, codes, counts and times: never an address, subject, body or key.
 */

/** Spans at the seams, in the order one e-mail passes them. */
export const spans = {
  httpServer: 'http.server',
  tierCall: 'tier.call',
  transaction: 'db.transaction',
  outboxWrite: 'outbox.write',
  outboxRelay: 'outbox.relay',
  consumerSlice: 'consumer.slice',
  jobLease: 'job.lease',
  jobBegin: 'job.begin',
  jobSend: 'job.send',
  jobFinish: 'job.finish',
  smtpSend: 'smtp.send',
  /** A job that is no mail. */
  jobRun: 'job.run',
} as const;
export type SpanName = (typeof spans)[keyof typeof spans];

/** The attribute that carries the seam's name when a span is titled otherwise. */
export const SEAM = 'penguinmails.seam';

type Kind = 'counter' | 'histogram' | 'gauge';
export interface Metric<K extends Kind = Kind> {
  readonly kind: K;
  readonly name: string;
  /** UCUM, as the exporter appends it to the Prometheus name. */
  readonly unit: string;
  readonly description: string;
  /** Upper bounds in the metric's unit; histograms only. */
  readonly buckets?: readonly number[];
}

const counter = (name: string, unit: string, description: string): Metric<'counter'> => ({
  kind: 'counter',
  name,
  unit,
  description,
});
const gauge = (name: string, unit: string, description: string): Metric<'gauge'> => ({
  kind: 'gauge',
  name,
  unit,
  description,
});
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const seconds = (name: string, description: string): Metric<'histogram'> => ({
  kind: 'histogram',
  name,
  unit: 's',
  description,
  buckets: SECONDS,
});

/** Metrics by what they are about. The comment names the labels. */
export const metrics = {
  /** http.request.method, http.route, http.response.status_code */
  httpServerDuration: seconds('http.server.request.duration', 'Requests by route and status'),
  /** tier, http.request.method, outcome (ok, client_error, server_error, timeout, connection, open) */
  tierCallDuration: seconds('http.client.request.duration', 'Calls from an edge to a tier'),
  /** tier; 0 closed, 1 half open, 2 open */
  breakerState: gauge('penguinmails.tier.breaker.state', '1', 'Circuit breaker of a tier'),
  /** db.client.connection.pool.name, outcome (commit, rollback) */
  transactionDuration: seconds('db.client.operation.duration', 'Tenant and system transactions'),
  /** db.client.connection.pool.name, db.client.connection.state (used, idle) */
  poolConnections: gauge('db.client.connection.count', '{connection}', 'Connections of a pool'),
  /** db.client.connection.pool.name */
  poolMax: gauge('db.client.connection.max', '{connection}', 'Largest size of a pool'),
  /** db.client.connection.pool.name */
  poolWaiting: gauge(
    'db.client.connection.pending_requests',
    '{request}',
    'Callers waiting for a connection of a pool',
  ),
  /** db.client.connection.pool.name */
  poolTimeouts: counter(
    'db.client.connection.timeouts',
    '{timeout}',
    'Callers that got no connection in time',
  ),
  /** db.client.connection.pool.name */
  poolWaitTime: seconds('db.client.connection.wait_time', 'From asking for a connection to it'),
  /** db.client.connection.pool.name */
  tenantsWaiting: gauge(
    'penguinmails.database.tenants_waiting',
    '{tenant}',
    'Tenants with work waiting for a connection',
  ),
  /** db.client.connection.pool.name, reason (limit, timeout) */
  tenantRefusals: counter(
    'penguinmails.database.tenant_refusals',
    '{transaction}',
    'Transactions refused because their tenant has too many',
  ),
  outboxDepth: gauge('penguinmails.outbox.depth', '{event}', 'Events not yet published'),
  outboxOldestAge: gauge(
    'penguinmails.outbox.oldest_age',
    's',
    'Age of the oldest unpublished event',
  ),
  /** messaging.destination.name */
  eventsPublished: counter('messaging.client.sent.messages', '{event}', 'Events published'),
  /** outcome (sent, failed) */
  relayDuration: seconds('penguinmails.outbox.relay.duration', 'One round of the relay'),
  /** messaging.destination.name, outcome (done, parked, duplicate) */
  eventsConsumed: counter('messaging.client.consumed.messages', '{event}', 'Events consumed'),
  /** messaging.destination.name */
  sliceDuration: seconds('messaging.process.duration', 'One slice of records from poll to commit'),
  /** messaging.destination.name, messaging.destination.partition.id */
  consumerLag: gauge(
    'penguinmails.consumer.lag',
    '{event}',
    'Records behind the end of a partition',
  ),
  /** state; 1 for the state the consumer is in */
  consumerState: gauge('penguinmails.consumer.state', '1', 'State of the consumer'),
  parkedKeys: gauge('penguinmails.events.parked', '{key}', 'Keys that wait behind a failed event'),
  eventsDeadLettered: counter('penguinmails.events.dead_lettered', '{event}', 'Events given up'),
  /** penguinmails.job.type, state (scheduled, ready, running, dead) */
  queueDepth: gauge('penguinmails.queue.depth', '{job}', 'Jobs by state'),
  /** penguinmails.tenant.id; of the ten tenants with most that is due and the ten that wait longest */
  queueTenantDepth: gauge('penguinmails.queue.tenant_depth', '{job}', 'Jobs due by tenant'),
  /** penguinmails.tenant.id; of the same tenants */
  queueTenantOldestAge: gauge(
    'penguinmails.queue.tenant_oldest_age',
    's',
    'Age of the oldest job of a tenant that is due',
  ),
  /** penguinmails.job.type */
  queueOldestAge: gauge('penguinmails.queue.oldest_age', 's', 'Age of the oldest job that is due'),
  /** penguinmails.job.type */
  jobsLeased: counter('penguinmails.jobs.leased', '{job}', 'Jobs handed out'),
  /** penguinmails.job.type, outcome */
  jobsFinished: counter('penguinmails.jobs.finished', '{job}', 'Jobs finished by outcome'),
  /** reason (not_begun, not_granted, server_busy) */
  jobsReturned: counter('penguinmails.jobs.returned', '{job}', 'Jobs given back unbegun'),
  /** penguinmails.job.type */
  scheduledRuns: counter('penguinmails.schedules.runs', '{job}', 'Jobs started by a schedule'),
  /** table */
  rowsRemoved: counter('penguinmails.maintenance.rows', '{row}', 'Rows removed past their time'),
  horizonAge: gauge(
    'penguinmails.database.horizon_age',
    's',
    'For how long the oldest transaction on the queue database has been open',
  ),
  queueDeadTuples: gauge(
    'penguinmails.queue.dead_tuples',
    '{row}',
    'Row versions of the hot table that vacuum has not removed',
  ),
  /** penguinmails.job.type */
  leaseExpiries: counter('penguinmails.leases.expired', '{job}', 'Leases that ran out'),
  /** outcome (delivered, deferred, bounced, failed, unknown), mode */
  smtpOutcomes: counter('penguinmails.smtp.outcomes', '{message}', 'Messages by SMTP outcome'),
  /** outcome */
  smtpDuration: seconds('penguinmails.smtp.duration', 'One message from connect to reply'),
  smtpConnections: gauge('penguinmails.smtp.connections', '{connection}', 'Open SMTP connections'),
  /** outcome (signed, failed) */
  dkimSignatures: counter('penguinmails.dkim.signatures', '{signature}', 'DKIM signatures'),
  emailsAccepted: counter('penguinmails.emails.accepted', '{message}', 'E-mails accepted'),
  contentReaped: counter('penguinmails.content.reaped', '{object}', 'Orphaned contents removed'),
  contentCorrupted: counter(
    'penguinmails.content.corrupted',
    '{object}',
    'Contents whose hash differs',
  ),
  notificationsWritten: counter(
    'penguinmails.notifications.written',
    '{notification}',
    'Notifications written or counted up',
  ),
} as const;

type MetricOf<K extends Kind> = Extract<(typeof metrics)[keyof typeof metrics], Metric<K>>;
export type CounterMetric = MetricOf<'counter'>;
export type HistogramMetric = MetricOf<'histogram'>;
export type GaugeMetric = MetricOf<'gauge'>;
