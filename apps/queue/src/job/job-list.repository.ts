import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import { type JobFilter, type JobRange, LOOKED_AT, takesEvery } from './job-list.js';
import type { JobStatus } from './job.js';
import { FINISHED_JOB_COLUMNS, HOT_JOB_COLUMNS, type JobRow } from './job.repository.js';

/** What one look found, in the direction of paging. */
export interface JobLook {
  /** One row more than a page has, if there are so many. */
  readonly rows: readonly JobRow[];
  /** Where it stopped because it had looked at enough rows; null: it saw the whole range. */
  readonly stoppedAt: { readonly id: string; readonly createdAt: Date } | null;
}

interface LookedAt {
  readonly looked: number;
  readonly edgeId: string | null;
  readonly edgeCreatedAt: Date | null;
}

const WAITING: ReadonlySet<JobStatus> = new Set(['scheduled', 'ready', 'running']);

/** Lists jobs of one tenant along the primary keys, of which each look reads a bounded stretch. */
@Injectable()
export class JobListRepository {
  async look(tx: TenantTransaction, filter: JobFilter, range: JobRange): Promise<JobLook> {
    const values: unknown[] = [];
    const bind: Bind = (value) => `$${values.push(value)}`;
    const most = takesEvery(filter) ? filter.limit + 1 : LOOKED_AT;
    const text = lookStatement(tx.tenantId, filter, range, most, bind);
    const { rows } = await tx.query<JobRow & LookedAt>(text, values);
    const [{ looked, edgeId, edgeCreatedAt }] = rows;
    const found = rows.filter(({ id }) => id !== null);
    const isStopped = looked === most && edgeId !== null && edgeCreatedAt !== null;
    return {
      rows: found,
      stoppedAt: isStopped ? { id: edgeId, createdAt: edgeCreatedAt } : null,
    };
  }
}

/** Of a dead job that was redriven under its own id: what it is now stands elsewhere. Both times are one. */
const SUPERSEDED = `status = 'dead' AND EXISTS (
      SELECT FROM dead_letters d
      WHERE d.tenant_id = job_history.tenant_id AND d.job_id = job_history.id
        AND d.died_at = job_history.completed_at AND d.redriven_as = d.job_id)`;

type Bind = (value: unknown) => string;

function lookStatement(
  tenantId: string,
  filter: JobFilter,
  range: JobRange,
  most: number,
  bind: Bind,
): string {
  const direction = filter.before === undefined ? 'DESC' : 'ASC';
  const opposite = filter.before === undefined ? 'ASC' : 'DESC';
  const places = placesOf(tenantId, filter, range, bind).map(
    (place) => `(${place} ORDER BY id ${direction} LIMIT ${bind(most)})`,
  );
  return `
WITH looked AS MATERIALIZED (
  SELECT * FROM (${places.join(' UNION ALL ')}) places
  ORDER BY id ${direction} LIMIT ${bind(most)}
)
SELECT edge.*, page.*
FROM (
  SELECT (SELECT count(*)::int FROM looked) AS looked, last.id AS "edgeId",
    last."createdAt" AS "edgeCreatedAt"
  FROM (SELECT) one LEFT JOIN LATERAL (
    SELECT id, "createdAt" FROM looked ORDER BY id ${opposite} LIMIT 1) last ON TRUE
) edge
LEFT JOIN LATERAL (
  SELECT * FROM looked WHERE ${conditionsOf(filter, bind).join(' AND ')}
  ORDER BY id ${direction} LIMIT ${bind(filter.limit + 1)}
) page ON TRUE
ORDER BY page.id ${direction}`;
}

/** The hot table, history or both, each cut down to the range. */
function placesOf(tenantId: string, { status }: JobFilter, range: JobRange, bind: Bind): string[] {
  const ids = ['TRUE'];
  if (range.fromId !== null) ids.push(`id > ${bind(range.fromId)}`);
  if (range.toId !== null) ids.push(`id < ${bind(range.toId)}`);
  const mine = bind(tenantId);
  const within = ids.join(' AND ');
  const hot = `SELECT ${HOT_JOB_COLUMNS} FROM job_queue
    WHERE tenant_id = ${mine} AND ${within}`;
  if (status !== undefined && WAITING.has(status)) return [hot];
  const ended = `completed_at >= ${bind(range.endedFrom)} AND completed_at < now() + interval '1 hour'`;
  const finished = `SELECT ${FINISHED_JOB_COLUMNS} FROM job_history
    WHERE tenant_id = ${mine} AND ${within} AND ${ended} AND NOT (${SUPERSEDED})`;
  return status === undefined ? [hot, finished] : [`${finished} AND status = ${bind(status)}`];
}

function conditionsOf(filter: JobFilter, bind: Bind): string[] {
  const { type, status, createdAfter, createdBefore } = filter;
  const conditions = ['TRUE'];
  if (type !== undefined) conditions.push(`type = ${bind(type)}`);
  if (status !== undefined) conditions.push(statusCondition(status, bind));
  if (createdAfter) conditions.push(`"createdAt" > ${bind(createdAfter)}`);
  if (createdBefore) conditions.push(`"createdAt" < ${bind(createdBefore)}`);
  return conditions;
}

/** scheduled and ready are stored as one and told apart by the database's clock. */
function statusCondition(status: JobStatus, bind: Bind): string {
  if (status === 'scheduled') return `status = 'pending' AND "scheduledAt" > now`;
  if (status === 'ready') return `status = 'pending' AND "scheduledAt" <= now`;
  return `status = ${bind(status)}`;
}
