import { byId, rowsOf } from './evidence.ts';

interface Row {
  status: string;
  attempt: number;
  sent_at: Date | null;
  finished_at: Date | null;
  updated_at: Date;
}

const SQL = `
  SELECT status, attempt, sent_at, finished_at, updated_at
  FROM emails WHERE tenant_id = $1 AND id = $2`;

/** The e-mail's row in its last state. */
export const oltp = byId('oltp', async ({ plan, tenantId, id }) => {
  const [row] = await rowsOf<Row>(plan, 'oltp', SQL, [tenantId, id]);
  if (row?.status !== 'delivered') return undefined;
  const sent = row.sent_at?.toISOString().slice(11, 23) ?? '-';
  const text = `e-mail queued → delivered, attempt ${row.attempt}, sent at ${sent}`;
  return { text, at: row.finished_at ?? row.updated_at };
});
