import type { Tier } from './tiers.js';

/** One Kafka topic. Partitions are fixed at birth: the key-to-partition map depends on them. */
export interface TopicDeclaration {
  readonly name: string;
  /** The tier that writes it; for a dead-letter topic the consumer group that gave up. */
  readonly owner: Tier;
  readonly visibility: 'public' | 'internal' | 'dlq';
  readonly purpose: string;
  readonly partitions: { readonly embedded: number; readonly production: number };
  readonly replicas: { readonly embedded: number; readonly production: number };
  readonly minInsyncReplicas: { readonly embedded: number; readonly production: number };
  readonly cleanupPolicy: 'delete' | 'compact';
  readonly retentionMs: number;
  /** -1: no limit by size, so that a slow consumer never loses what was accepted. */
  readonly retentionBytes: -1;
}

const DAY_MS = 86_400_000;

type TopicSettings = Pick<TopicDeclaration, 'name' | 'owner' | 'visibility' | 'purpose'>;

function topic(settings: TopicSettings, retentionDays = 7): TopicDeclaration {
  return {
    ...settings,
    partitions: { embedded: 3, production: 12 },
    replicas: { embedded: 1, production: 3 },
    minInsyncReplicas: { embedded: 1, production: 2 },
    cleanupPolicy: 'delete',
    retentionMs: retentionDays * DAY_MS,
    retentionBytes: -1,
  };
}

const internal = (owner: Tier, purpose: string, says: string): TopicDeclaration =>
  topic({
    name: `penguinmails.internal.${owner}.${purpose}.v1`,
    owner,
    visibility: 'internal',
    purpose: says,
  });

const publicEvents = (owner: Tier, entity: string, says: string): TopicDeclaration =>
  topic({
    name: `penguinmails.public.${entity}.events.v1`,
    owner,
    visibility: 'public',
    purpose: says,
  });

const systemEvents = (owner: Tier): TopicDeclaration =>
  internal(owner, 'system', `Curated admin events raised by ${owner}.`);

/** The topic to which a consumer group moves what it could not handle. */
export function deadLetterTopic(group: Tier): string {
  return `penguinmails.dlq.${group}.v1`;
}

const deadLetters = (owner: Tier): TopicDeclaration =>
  topic(
    {
      name: deadLetterTopic(owner),
      owner,
      visibility: 'dlq',
      purpose: `Events that ${owner} could not handle, with the reason in dlq-* headers.`,
    },
    30,
  );

/**
 * The one list of topics: `infra/kafka/topics.yaml`, the topic admin and the tests come from it.
 * Auto-creation is off everywhere, so a topic that is not here does not exist.
 */
export const topics: readonly TopicDeclaration[] = [
  internal('oltp', 'emails', 'What happens to a transactional e-mail on its way to the queue.'),
  internal('oltp', 'references', 'Answers on which content keys are still referenced.'),
  internal('content', 'references', 'Questions on which content keys are still referenced.'),
  internal('queue', 'deliveries', 'Outcomes of delivery attempts.'),
  internal('queue', 'jobs', 'What becomes of jobs and groups of jobs that are no single e-mails.'),
  systemEvents('oltp'),
  systemEvents('content'),
  systemEvents('olap'),
  systemEvents('queue'),
  systemEvents('notifications'),
  publicEvents('oltp', 'email', 'The life of one e-mail, for other tiers and other teams.'),
  publicEvents('oltp', 'tenant', 'The life of a tenant, for other tiers and other teams.'),
  deadLetters('oltp'),
  deadLetters('content'),
  deadLetters('olap'),
  deadLetters('queue'),
  deadLetters('notifications'),
];
