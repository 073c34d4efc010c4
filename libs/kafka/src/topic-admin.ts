import type { TopicDeclaration } from '@penguinmails/contracts';
import type { Admin, ITopicConfig } from 'kafkajs';
import { createKafka, PROBE_CLIENT } from './kafka-client.js';
import type { KafkaSettings } from './settings.js';

export type { Admin } from 'kafkajs';

type Size = 'embedded' | 'production';

/**
 * Creates those of the topics that do not exist, with partitions and replicas for the size of the
 * cluster. Existing topics are never changed. Returns the names it created.
 */
export async function ensureTopics(
  admin: Admin,
  topics: readonly TopicDeclaration[],
): Promise<string[]> {
  const existing = new Set(await admin.listTopics());
  const missing = topics.filter(({ name }) => !existing.has(name));
  if (missing.length === 0) return [];
  const { brokers } = await admin.describeCluster();
  const configs = missing.map((topic) => topicConfig(topic, brokers.length));
  await admin.createTopics({ topics: configs, waitForLeaders: true });
  return missing.map(({ name }) => name);
}

/** Connects an admin client without retries, runs the work, disconnects. */
export async function withAdmin<T>(
  settings: KafkaSettings,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = createKafka(settings, PROBE_CLIENT).admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

function topicConfig(topic: TopicDeclaration, brokers: number): ITopicConfig {
  const size: Size = brokers >= topic.replicas.production ? 'production' : 'embedded';
  return {
    topic: topic.name,
    numPartitions: topic.partitions[size],
    replicationFactor: topic.replicas[size],
    configEntries: configEntries(topic, size),
  };
}

function configEntries(topic: TopicDeclaration, size: Size): { name: string; value: string }[] {
  return [
    { name: 'cleanup.policy', value: topic.cleanupPolicy },
    { name: 'retention.ms', value: String(topic.retentionMs) },
    { name: 'retention.bytes', value: String(topic.retentionBytes) },
    { name: 'min.insync.replicas', value: String(topic.minInsyncReplicas[size]) },
    { name: 'compression.type', value: 'producer' },
  ];
}
