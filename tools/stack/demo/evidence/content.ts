import { byId, rowsOf } from './evidence.ts';

interface Row {
  state: string;
  raw_size_bytes: number;
  attachments: number;
  attachment_bytes: number;
  state_changed_at: Date;
}

const SQL = `
  SELECT c.state, c.raw_size_bytes, c.state_changed_at, count(a.id)::int AS attachments,
         coalesce(sum(a.size_bytes), 0)::int AS attachment_bytes
  FROM content_objects c
  LEFT JOIN attachments a ON a.tenant_id = c.tenant_id AND a.parent_storage_key = c.storage_key
  WHERE c.tenant_id = $1 AND c.storage_key = $2
  GROUP BY c.tenant_id, c.storage_key`;

/** The body and its attachment, attached (no longer waiting to be dropped). */
export const content = byId('content', async ({ plan, tenantId, id }) => {
  const [email] = await rowsOf<{ key: string }>(
    plan,
    'oltp',
    'SELECT content_storage_key AS key FROM emails WHERE tenant_id = $1 AND id = $2',
    [tenantId, id],
  );
  const [row] = await rowsOf<Row>(plan, 'content', SQL, [tenantId, email?.key ?? '']);
  if (row?.state !== 'attached' || row.attachments === 0) return undefined;
  const file = `${row.attachments} attachment (${row.attachment_bytes} bytes)`;
  const text = `body new (${row.raw_size_bytes} bytes), ${file}, pending → attached`;
  return { text, at: row.state_changed_at };
});
