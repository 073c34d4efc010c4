import type { SystemTransaction } from '@penguinmails/database';
import { ANNOUNCE } from './delivery-summary.repository.js';

export type SummaryKind = 'delivered' | 'bounced' | 'failed';

/** How many e-mails of a tenant ended so on a day, `YYYY-MM-DD`, UTC. */
export interface DayCount {
  readonly tenantId: string;
  readonly day: string;
  readonly count: number;
}

const tenantsOf = (counts: readonly DayCount[]) => counts.map(({ tenantId }) => tenantId);
const daysOf = (counts: readonly DayCount[]) => counts.map(({ day }) => day);

/** Deliveries of all tenants by day, and the notifications that tell of them. */
export class DeliverySummarySystemRepository {
  /**
   * From here on all days are this transaction's alone: slices of several partitions count the same days
   * in any order, and would wait for each other's rows in a circle. No owner is added to these
   * tenants meanwhile, or the one being added is visible (RecipientRepository).
   */
  async hold(tx: SystemTransaction, counts: readonly DayCount[]): Promise<void> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('delivery days', 0))`, [], {
      name: 'delivery-days-lock',
    });
    await tx.query(
      `SELECT pg_advisory_xact_lock_shared(hashtextextended('owners of ' || t.id, 0))
       FROM unnest($1::text[]) AS t(id)`,
      [[...new Set(tenantsOf(counts))].sort()],
      { name: 'owners-lock-shared' },
    );
  }

  /** Adds to the days' counters; `kind` is one of a fixed list, so it may stand in the text. */
  async count(
    tx: SystemTransaction,
    kind: SummaryKind,
    counts: readonly DayCount[],
  ): Promise<void> {
    await tx.query(
      `INSERT INTO delivery_days AS d (tenant_id, day, ${kind})
       SELECT * FROM unnest($1::uuid[], $2::date[], $3::int[])
       ON CONFLICT (tenant_id, day) DO UPDATE
       SET ${kind} = d.${kind} + EXCLUDED.${kind}, updated_at = now()`,
      [tenantsOf(counts), daysOf(counts), counts.map(({ count }) => count)],
      { name: `delivery-days-${kind}` },
    );
  }

  /** Writes or rewrites the notification of these days for each owner of their tenants. */
  async announce(tx: SystemTransaction, counts: readonly DayCount[]): Promise<void> {
    await tx.query(
      `${ANNOUNCE.select}
       FROM unnest($1::uuid[], $2::date[]) AS i(tenant_id, day)
       JOIN delivery_days d ON d.tenant_id = i.tenant_id AND d.day = i.day
       JOIN recipients r ON r.tenant_id = d.tenant_id AND r.role = 'owner'
       ${ANNOUNCE.onConflict}`,
      [tenantsOf(counts), daysOf(counts)],
      { name: 'announce-days' },
    );
  }
}
