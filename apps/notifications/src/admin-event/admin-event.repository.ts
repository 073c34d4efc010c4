import type { TenantTransaction } from '@penguinmails/database';
import type { AdminEventEntry } from './admin-event.js';

/** Curated admin events of one tenant; those of the platform under the nil tenant. */
export class AdminEventRepository {
  /** A new row, or one more occurrence of the open row with the same fingerprint. */
  async raise(tx: TenantTransaction, entry: AdminEventEntry): Promise<void> {
    await tx.query(
      `INSERT INTO admin_system_events AS e
         (tenant_id, event_type, severity, description, details, dedupe_key, occurrences)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (tenant_id, dedupe_key) WHERE is_resolved = FALSE DO UPDATE
       SET occurrences = e.occurrences + EXCLUDED.occurrences, last_seen_at = now(),
           severity = EXCLUDED.severity, details = EXCLUDED.details,
           row_version = e.row_version + 1, updated_at = now()`,
      [
        tx.tenantId,
        entry.event_type,
        entry.severity,
        entry.description,
        JSON.stringify(entry.details),
        entry.dedupe_key,
        entry.occurrences,
      ],
    );
  }
}
