import { stringify } from 'yaml';
import type { TopicDeclaration } from '../../libs/contracts/src/topics.ts';

/** Text of `infra/kafka/topics.yaml`, for whoever creates the topics outside the platform. */
export function topicsFile(topics: readonly TopicDeclaration[]): string {
  const header =
    '# Generated from libs/contracts/src/topics.ts by `npm run generate:contracts`. Do not edit.\n';
  return header + stringify({ topics: topics.map(topicEntry) });
}

/** `config` holds Kafka's own names and string values, ready for any admin tool. */
function topicEntry(topic: TopicDeclaration): Record<string, unknown> {
  return {
    name: topic.name,
    owner: topic.owner,
    visibility: topic.visibility,
    purpose: topic.purpose,
    partitions: topic.partitions,
    replicas: topic.replicas,
    min_insync_replicas: topic.minInsyncReplicas,
    config: {
      'cleanup.policy': topic.cleanupPolicy,
      'retention.ms': String(topic.retentionMs),
      'retention.bytes': String(topic.retentionBytes),
    },
  };
}
