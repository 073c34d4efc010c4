import type { SystemTransaction } from '@penguinmails/database';

/** A curated admin event as an operator sees it. */
export interface AdminEvent {
  readonly id: string;
  readonly event_type: string;
  readonly severity: string;
  readonly description: string;
  readonly details: Readonly<Record<string, unknown>> | null;
  readonly tenant_id: string;
  readonly occurrences: number;
  readonly is_resolved: boolean;
  /** RFC 3339 with microseconds: a page continues from it, so it must not be rounded. */
  readonly created_at: string;
  readonly last_seen_at: Date;
  readonly resolved_at: Date | null;
}

export interface AdminEventFilter {
  readonly severity: string | null;
  readonly resolved: boolean | null;
  readonly after: { readonly createdAt: string; readonly id: string } | null;
  readonly limit: number;
}

/** Platform reads: the operator sees the events of all tenants. */
export class AdminEventSystemRepository {
  /** Newest first; one row more than `limit` when there is more. */
  async list(tx: SystemTransaction, filter: AdminEventFilter): Promise<AdminEvent[]> {
    const { rows } = await tx.query<AdminEvent>(
      `SELECT id, event_type, severity, description, details, tenant_id, occurrences,
              is_resolved, last_seen_at, resolved_at,
              to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at
       FROM admin_system_events e
       WHERE ($1::text IS NULL OR severity = $1) AND ($2::boolean IS NULL OR is_resolved = $2)
         AND ($3::timestamptz IS NULL OR (e.created_at, id) < ($3, $4::uuid))
       ORDER BY e.created_at DESC, id DESC LIMIT $5`,
      [
        filter.severity,
        filter.resolved,
        filter.after?.createdAt ?? null,
        filter.after?.id ?? null,
        filter.limit + 1,
      ],
    );
    return rows;
  }
}
