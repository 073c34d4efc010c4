// The offset is committed to Kafka before the effect, as auto-commit does.
import type { EachBatchPayload } from 'kafkajs';
import { BatchHandler as Careful } from '../../../../libs/kafka/dist/batch-handler.js';

/** The most that one slice takes. */
const SLICE = 500;

export class BatchHandler extends Careful {
  override async handle(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch;
    const last = messages.slice(0, SLICE).at(-1);
    if (last) {
      const offset = (BigInt(last.offset) + 1n).toString();
      await payload.commitOffsetsIfNecessary({
        topics: [{ topic, partitions: [{ partition, offset }] }],
      });
    }
    await super.handle(payload);
  }
}
