import type { SystemTransaction, TenantTransaction } from '@penguinmails/database';

/**
 * From here to its end the transaction is the only one that changes counters or prices. Slices of several
 * partitions add to the same hours and months in any order, and would wait for each other's rows in a
 * circle; and a price that came while a count was being priced would miss it, and the count the price.
 */
export async function lockCounters(tx: SystemTransaction | TenantTransaction): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('counters', 0))`, [], {
    name: 'counters-lock',
  });
}
