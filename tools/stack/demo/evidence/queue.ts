import { byId, rowsOf } from './evidence.ts';

interface Row {
  status: string;
  attempt: number;
  outcome: string;
  code: number | null;
  milliseconds: number;
  completed_at: Date;
}

const SQL = `
  SELECT h.status, a.attempt, a.outcome, a.code, h.completed_at,
         round(extract(epoch FROM a.finished_at - a.started_at) * 1000)::int AS milliseconds
  FROM job_history h
  JOIN job_attempts a ON a.tenant_id = h.tenant_id AND a.job_id = h.id
  WHERE h.tenant_id = $1 AND h.id = $2
  ORDER BY a.attempt DESC LIMIT 1`;

/** The job (its id is the e-mail's) in the history, with its last attempt. */
export const queue = byId('queue', async ({ plan, tenantId, id }) => {
  const [row] = await rowsOf<Row>(plan, 'queue', SQL, [tenantId, id]);
  if (row?.status !== 'completed') return undefined;
  const reply = `${row.outcome} ${row.code ?? ''}`.trim();
  const text = `job completed, attempt ${row.attempt}: ${reply} in ${row.milliseconds} ms`;
  return { text, at: row.completed_at };
});
