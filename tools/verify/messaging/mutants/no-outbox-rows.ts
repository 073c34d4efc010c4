// Publish after commit: no row in the outbox, the writer sends when its transaction is over.
import type { SystemTransaction, TenantTransaction } from '@penguinmails/database';
import { createProducer } from '@penguinmails/kafka';
import { createLogger } from '@penguinmails/observability';
import type { OutboxRow } from '../../../../libs/outbox/dist/outbox-rows.js';
import { settingsOfArguments } from '../process-settings.ts';

export { outboxColumns, outboxInsertOfMany } from '../../../../libs/outbox/dist/outbox-rows.js';

const { name: clientId, brokers } = settingsOfArguments();
const logger = createLogger(clientId);
const producer = createProducer({ brokers, clientId, logger });

export async function insertOutboxRows(
  tx: TenantTransaction | SystemTransaction,
  rows: readonly OutboxRow[],
): Promise<void> {
  const records = rows.map(({ topic, key, headers, payload: value }) => ({
    topic,
    key,
    headers,
    value,
  }));
  tx.onCommit(() => {
    producer.sendBatch(records).catch((err: unknown) => logger.error({ err }, 'not sent'));
  });
}
