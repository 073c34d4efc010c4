import type { TenantTransaction } from '@penguinmails/database';

/** A notification as its reader sees it. */
export interface Notification {
  readonly id: string;
  readonly type: string;
  readonly title: string;
  readonly message: string;
  readonly channel: string;
  readonly is_read: boolean;
  readonly occurrences: number;
  /** RFC 3339 with microseconds: a page continues from it, so it must not be rounded. */
  readonly created_at: string;
  readonly last_seen_at: Date;
  readonly read_at: Date | null;
}

export interface FeedFilter {
  readonly userId: string;
  readonly unread: boolean | null;
  readonly channel: string | null;
  readonly after: { readonly createdAt: string; readonly id: string } | null;
  readonly limit: number;
}

const CREATED_AT = `to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const COLUMNS = `id, type, title, message, channel, is_read, occurrences,
  ${CREATED_AT} AS created_at, last_seen_at, read_at`;
const VISIBLE = 'deleted_at IS NULL AND (expires_at IS NULL OR expires_at > now())';

/** The notifications of one user. */
export class NotificationRepository {
  /** Newest first; one row more than `limit` when there is more. */
  async feed(tx: TenantTransaction, filter: FeedFilter): Promise<Notification[]> {
    const { userId, unread, channel, after, limit } = filter;
    const { rows } = await tx.query<Notification>(
      `SELECT ${COLUMNS} FROM notifications
       WHERE tenant_id = $1 AND user_id = $2 AND ${VISIBLE}
         AND ($3::boolean IS NULL OR is_read <> $3) AND ($4::text IS NULL OR channel = $4)
         AND ($5::timestamptz IS NULL OR (notifications.created_at, id) < ($5, $6::uuid))
       ORDER BY notifications.created_at DESC, id DESC LIMIT $7`,
      [
        tx.tenantId,
        userId,
        unread,
        channel,
        after?.createdAt ?? null,
        after?.id ?? null,
        limit + 1,
      ],
    );
    return rows;
  }

  async countUnread(tx: TenantTransaction, userId: string): Promise<number> {
    const { rows } = await tx.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM notifications
       WHERE tenant_id = $1 AND user_id = $2 AND is_read = FALSE AND ${VISIBLE}`,
      [tx.tenantId, userId],
    );
    return rows[0]?.count ?? 0;
  }

  /** Marks it read or unread; undefined when the user has no such notification. */
  async mark(
    tx: TenantTransaction,
    which: { userId: string; id: string; isRead: boolean },
  ): Promise<Notification | undefined> {
    const { rows } = await tx.query<Notification>(
      `UPDATE notifications
       SET is_read = $4, read_at = CASE WHEN $4 THEN coalesce(read_at, now()) END,
           row_version = row_version + 1, updated_at = now()
       WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND ${VISIBLE}
       RETURNING ${COLUMNS}`,
      [tx.tenantId, which.userId, which.id, which.isRead],
    );
    return rows[0];
  }
}
