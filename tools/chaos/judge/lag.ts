import { Kafka, logLevel } from 'kafkajs';
import { withoutTimerWarning } from '../../stack/demo/evidence/kafkajs-warning.ts';
import { tiers } from '../../stack/ports.ts';
import { queryOnce } from '../../stack/postgres/query.ts';
import type { StackDescription } from '../../stack/stack-file.ts';

interface Position {
  topic: string;
  partition: number;
  next: string;
}

const POSITIONS = `SELECT topic, partition, next_offset AS next FROM consumer_position`;

/** Records that some tier has not taken yet, over all partitions that it has ever read. */
export async function consumerLag(stack: StackDescription): Promise<number> {
  const rows = await Promise.all(
    tiers.map((tier) => queryOnce<Position>(stack.databases[tier].admin_url, POSITIONS)),
  );
  const positions = rows.flat();
  const ends = await endsOf(stack, [...new Set(positions.map(({ topic }) => topic))]);
  return positions
    .map(({ topic, partition, next }) => (ends.get(`${topic}/${partition}`) ?? 0) - Number(next))
    .reduce((sum, behind) => sum + Math.max(0, behind), 0);
}

async function endsOf(
  { kafka }: StackDescription,
  topics: readonly string[],
): Promise<Map<string, number>> {
  withoutTimerWarning();
  const admin = new Kafka({
    clientId: 'penguinmails-chaos',
    brokers: kafka.brokers.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
  }).admin();
  await admin.connect();
  try {
    const ends = await Promise.all(topics.map(async (topic) => offsets(admin, topic)));
    return new Map(ends.flat());
  } finally {
    await admin.disconnect();
  }
}

async function offsets(
  admin: ReturnType<Kafka['admin']>,
  topic: string,
): Promise<[string, number][]> {
  const partitions = await admin.fetchTopicOffsets(topic);
  return partitions.map(({ partition, high }) => [`${topic}/${partition}`, Number(high)]);
}
