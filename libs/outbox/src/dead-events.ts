import type { SystemTransaction, TenantTransaction } from '@penguinmails/database';

const COPIED = `id, tenant_id, consumer_group, topic, partition, record_offset, key, event_id, type,
  headers, payload, parked_at`;

const BURY = `
  INSERT INTO dead_event (${COPIED}, attempts, last_error)
  SELECT ${COPIED}, $3, $4 FROM parked_event WHERE tenant_id = $1 AND id = $2`;

/** Keeps a parked event that is given up; the caller removes it from the parked ones. */
export async function keepDead(
  tx: TenantTransaction | SystemTransaction,
  tenantId: string,
  id: string,
  { attempts, reason }: { attempts: number; reason: string },
): Promise<void> {
  await tx.query(BURY, [tenantId, id, attempts, reason]);
}

const REVIVE = `
  WITH gone AS (DELETE FROM dead_event WHERE tenant_id = $1 AND id = $2 RETURNING *)
  INSERT INTO parked_event (${COPIED}, last_error, next_attempt_at)
  SELECT ${COPIED}, last_error, now() FROM gone`;

/** Parks a dead event again, due at once and with all its tries. */
export async function reviveDead(
  tx: SystemTransaction,
  tenantId: string,
  id: string,
): Promise<void> {
  await tx.query(REVIVE, [tenantId, id]);
}

export async function removeDead(
  tx: SystemTransaction,
  tenantId: string,
  id: string,
): Promise<void> {
  await tx.query('DELETE FROM dead_event WHERE tenant_id = $1 AND id = $2', [tenantId, id]);
}

/** As long as the dead-letter topics keep their records. */
const FORGET = `
  DELETE FROM dead_event WHERE (tenant_id, id) IN (
    SELECT tenant_id, id FROM dead_event
    WHERE consumer_group = $1 AND dead_at < now() - interval '30 days' LIMIT 1000)`;

/** Forgets up to 1000 dead events past their retention; returns how many. */
export async function forgetOldDead(tx: SystemTransaction, group: string): Promise<number> {
  return (await tx.query(FORGET, [group])).rowCount;
}
