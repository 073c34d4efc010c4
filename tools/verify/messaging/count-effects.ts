import type { SystemTransaction, TenantTransaction } from '@penguinmails/database';
import type { ReceivedEvent } from '@penguinmails/outbox';

/** Effects of the events of one slice on one aggregate. */
interface Change {
  tenantId: string;
  id: string;
  last: number;
  count: number;
  /** Versions that did not follow upon the one before. */
  disorder: number;
}

const UPSERT = `
  INSERT INTO verify_effects AS known (tenant_id, aggregate_id, last_version, effects, disorder)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::integer[])
  ON CONFLICT (aggregate_id) DO UPDATE SET
    last_version = excluded.last_version,
    effects = known.effects + excluded.effects,
    disorder = known.disorder + excluded.disorder
      + (known.last_version + excluded.effects <> excluded.last_version)::integer`;

/** The handler: one upsert, in the transaction of the slice. Effects add up; nothing is idempotent. */
export async function countEffects(
  events: readonly ReceivedEvent[],
  tx: SystemTransaction | TenantTransaction,
): Promise<void> {
  const changes = [...changesOf(events).values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const column = <V>(value: (change: Change) => V) => changes.map(value);
  await tx.query(UPSERT, [
    column(({ tenantId }) => tenantId),
    column(({ id }) => id),
    column(({ last }) => last),
    column(({ count }) => count),
    column(({ disorder }) => disorder),
  ]);
}

function changesOf(events: readonly ReceivedEvent[]): Map<string, Change> {
  const changes = new Map<string, Change>();
  for (const { tenantId, subject: id, entityVersion } of events) {
    const version = entityVersion ?? 0;
    const known = changes.get(id);
    if (!known) changes.set(id, { tenantId, id, last: version, count: 1, disorder: 0 });
    else {
      known.count += 1;
      known.disorder += known.last + 1 === version ? 0 : 1;
      known.last = version;
    }
  }
  return changes;
}
