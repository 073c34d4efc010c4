import type { NewJob } from './new-job.js';

interface Column {
  readonly name: string;
  readonly type: string;
  valueOf(job: NewJob): string | number | null;
}

/** What jobs that are added by one call mostly have in common. */
const COMMON: readonly Column[] = [
  { name: 'tenant_id', type: 'uuid', valueOf: (job) => job.tenantId },
  { name: 'job_type', type: 'text', valueOf: (job) => job.type },
  { name: 'priority', type: 'int', valueOf: (job) => job.priority },
  { name: 'max_attempts', type: 'int', valueOf: (job) => job.maxAttempts },
  { name: 'scheduled_at', type: 'timestamptz', valueOf: (job) => job.scheduledAt },
  { name: 'rate_key', type: 'text', valueOf: (job) => job.rateKey },
  { name: 'domain_key', type: 'text', valueOf: (job) => job.domainKey },
  { name: 'correlation_id', type: 'text', valueOf: (job) => job.correlationId },
  { name: 'traceparent', type: 'text', valueOf: (job) => job.traceparent },
  { name: 'dedupe_key', type: 'text', valueOf: (job) => job.dedupeKey ?? null },
  { name: 'waiting_limit', type: 'int', valueOf: (job) => job.waitingLimitSeconds ?? null },
];

/** Ids and payloads stand in $1 and $2. */
const FIRST_VALUE = 3;
const FIRST_LIST = FIRST_VALUE + COMMON.length;
/** The first parameter that is free for whoever uses {@link MIXED_JOBS}. */
export const AFTER_COLUMNS = FIRST_LIST + COMMON.length;

const valueAt = (at: number): string => `$${FIRST_VALUE + at}::${COMMON[at].type}`;
const values = COMMON.map(({ name }, at) => `${valueAt(at)} AS ${name}`).join(', ');
const lists = COMMON.map(
  ({ name, type }, at) => `unnest($${FIRST_LIST + at}::${type}[]) AS ${name}`,
);
const either = COMMON.map(({ name }, at) => `coalesce(o.${name}, ${valueAt(at)}) AS ${name}`);
const OWN = 'unnest($1::uuid[]) AS id, jsonb_array_elements($2::jsonb) AS payload';

/** SQL of one job; its parameters are {@link valuesOfOne}. */
export const ONE_JOB = `(SELECT $1::uuid AS id, $2::jsonb AS payload, ${values})`;

/** SQL of jobs that differ in nothing but id and payload; its parameters are {@link alikeColumns}. */
export const ALIKE_JOBS = `(SELECT o.id, o.payload, ${values} FROM (SELECT ${OWN}) o)`;

/** SQL of any jobs; its parameters are {@link mixedColumns}. */
export const MIXED_JOBS = `(SELECT o.id, o.payload, ${either.join(', ')}
FROM (SELECT ${[OWN, ...lists].join(', ')}) o)`;

/** Values of {@link ONE_JOB}. */
export function valuesOfOne(job: NewJob): unknown[] {
  const common = COMMON.map(({ valueOf }) => valueOf(job));
  return [job.jobId, JSON.stringify(job.payload), ...common];
}

/** Values of {@link ALIKE_JOBS}; undefined when the jobs differ in more than id and payload. */
export function alikeColumns(jobs: readonly NewJob[]): unknown[] | undefined {
  if (!COMMON.every((column) => isCommon(column, jobs))) return undefined;
  return [...ownColumns(jobs), ...COMMON.map(({ valueOf }) => valueOf(jobs[0]))];
}

/**
 * Values of {@link MIXED_JOBS}: what is the same for all jobs goes as a value with an empty list, which
 * the database fills up with NULLs; anything else as a list with NULL for its value.
 */
export function mixedColumns(jobs: readonly NewJob[]): unknown[] {
  const common = COMMON.map((column) => isCommon(column, jobs));
  return [
    ...ownColumns(jobs),
    ...COMMON.map(({ valueOf }, at) => (common[at] ? valueOf(jobs[0]) : null)),
    ...COMMON.map(({ valueOf }, at) => (common[at] ? [] : jobs.map(valueOf))),
  ];
}

function isCommon({ valueOf }: Column, jobs: readonly NewJob[]): boolean {
  const first = valueOf(jobs[0]);
  return jobs.every((job) => valueOf(job) === first);
}

/** Payloads as one JSON list: written and read once, where a list of texts is quoted twice over. */
function ownColumns(jobs: readonly NewJob[]): unknown[] {
  return [jobs.map(({ jobId }) => jobId), JSON.stringify(jobs.map(({ payload }) => payload))];
}
