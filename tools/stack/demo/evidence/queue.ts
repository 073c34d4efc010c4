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
  SELECT h.status, h.attempts AS attempt, h.outcome, h.code, h.completed_at,
         round(extract(epoch FROM h.try_finished_at - h.try_started_at) * 1000)::int AS milliseconds
  FROM job_history h
  WHERE h.tenant_id = $1 AND h.id = $2`;

/** The job (its id is the e-mail's) in the history, with its last attempt. */
export const queue = byId('queue', async ({ plan, tenantId, id }) => {
  const [row] = await rowsOf<Row>(plan, 'queue', SQL, [tenantId, id]);
  if (row?.status !== 'completed') return undefined;
  const reply = `${row.outcome} ${row.code ?? ''}`.trim();
  const text = `job completed, attempt ${row.attempt}: ${reply} in ${row.milliseconds} ms`;
  return { text, at: row.completed_at };
});
