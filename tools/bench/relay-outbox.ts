import { createTierDatabase, type TierDatabase, withAdmin } from '@penguinmails/testing/tenancy';
import { TOPIC, TYPE } from './inbox-load.ts';

/** Rows as EventWriter makes them: headers and value of email.accepted, `keys` aggregates in turn. */
const FILL = `
  INSERT INTO outbox
    (tenant_id, id, lane, topic, key, aggregatetype, aggregateid, type, headers, payload)
  SELECT gen_random_uuid(), id, hashtextextended(key, 0) & 31, '${TOPIC}', key, 'email', key, '${TYPE}',
    jsonb_build_object('ce_id', id, 'ce_source', '/penguinmails/oltp', 'ce_type', '${TYPE}',
      'ce_specversion', '1.0', 'ce_time', '2026-11-22T10:00:00.000Z', 'ce_subject', key,
      'ce_dataschema', 'http://127.0.0.1:8080/schemas/events/${TYPE}.json', 'ce_partitionkey', key,
      'ce_tenantid', id, 'ce_entityversion', '1', 'ce_correlationid', id,
      'content-type', 'application/json'),
    json_build_object('email_id', key, 'storage_key', 'cnt_kJ3vQm8ZrT5xW1yB7nC2dA', 'mailbox_id', id,
      'domain_key', '9f86d081884c7d659a2feaa0c55ad015', 'mode', 'live', 'priority', 0,
      'scheduled_at', null, 'size_bytes', 4096)::text
  FROM (SELECT md5((n % $2)::text)::uuid::text AS key,
          uuidv7() AS id FROM generate_series(1, $1) AS n) AS new`;

/** A database of oltp whose outbox holds `rows` rows, as after an outage of Kafka. */
export async function filledOutbox(rows: number, keys: number): Promise<TierDatabase> {
  const database = await createTierDatabase('oltp');
  await withAdmin(database.adminUrl, async (admin) => {
    await admin.query(FILL, [rows, keys]);
    // FOR UPDATE asks for it; our relay does not.
    await admin.query('GRANT UPDATE ON outbox TO oltp_system');
    await admin.query('VACUUM ANALYZE outbox');
    await admin.query('CHECKPOINT');
  });
  return database;
}

const LEFT = 'SELECT EXISTS (SELECT FROM outbox) AS left';

/** Resolves within 20 ms of the deletion of the last row. */
export async function untilEmpty(database: TierDatabase): Promise<void> {
  await withAdmin(database.adminUrl, async (admin) => {
    for (;;) {
      const { rows } = await admin.query<{ left: boolean }>(LEFT);
      if (!rows[0].left) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
}
