import type { SystemDatabase, SystemTransaction } from '@penguinmails/database';
import type { EventProducer } from '@penguinmails/kafka';
import { counter, histogram, metrics, SpanKind, spans } from '@penguinmails/observability';
import type { LaneFloors } from './lane-floors.js';
import { deleteRows, type LaneBatch, lockLanes, nextBatch } from './outbox-lanes.js';
import { withBatchSpan } from './trace-batch.js';

export interface RelayParts {
  readonly system: SystemDatabase;
  readonly producer: EventProducer;
}

export interface LaneVisit {
  readonly sent: number;
  /** The lanes may hold more. */
  readonly full: boolean;
  /** Another relay holds one of the lanes. */
  readonly missed: boolean;
}

/**
 * Sends the next rows of those of the lanes that no other relay holds, waits for the acknowledgement and
 * deletes them, in one transaction.
 * @throws what the broker or the database said; then nothing was deleted, and some may have been sent
 */
export function relayLanes(
  { system, producer }: RelayParts,
  floors: LaneFloors,
  lanes: readonly number[],
): Promise<LaneVisit> {
  return system.transaction(async (tx) => {
    const free = await lockLanes(tx, lanes);
    const missed = free.size < lanes.length;
    if (free.size === 0) return { sent: 0, full: false, missed };
    const held = lanes.filter((lane) => free.has(lane));
    const batch = await nextBatch(
      tx,
      held.map((lane) => ({ lane, floor: floors.of(lane) })),
    );
    if (batch.records.length > 0) await send(tx, producer, batch, held);
    return { sent: batch.records.length, full: batch.full, missed };
  });
}

async function send(
  tx: SystemTransaction,
  producer: EventProducer,
  batch: LaneBatch,
  lanes: readonly number[],
): Promise<void> {
  const startedAt = performance.now();
  const took = (outcome: string) =>
    histogram(metrics.relayDuration).record((performance.now() - startedAt) / 1000, { outcome });
  try {
    await withBatchSpan(spans.outboxRelay, spanOptions(lanes, batch), async () => {
      await producer.sendBatch(batch.records);
      await deleteRows(tx, batch.seqs);
    });
  } catch (error) {
    took('failed');
    throw error;
  }
  took('sent');
  tx.onCommit(() => countPublished(batch));
}

function spanOptions(lanes: readonly number[], { records }: LaneBatch) {
  return {
    kind: SpanKind.CLIENT,
    attributes: {
      'messaging.system': 'kafka',
      'messaging.operation.type': 'send',
      'messaging.batch.message_count': records.length,
      'penguinmails.outbox.lanes': lanes.length,
    },
    headers: records.map(({ headers }) => headers),
  };
}

function countPublished({ records }: LaneBatch): void {
  const perTopic = new Map<string, number>();
  for (const { topic } of records) perTopic.set(topic, (perTopic.get(topic) ?? 0) + 1);
  for (const [topic, count] of perTopic) {
    counter(metrics.eventsPublished).add(count, { 'messaging.destination.name': topic });
  }
}
