import { Kafka, logLevel } from 'kafkajs';
import { withoutTimerWarning } from './kafkajs-warning.ts';
import type { StackPlan } from '../../plan.ts';
import type { Witness } from './evidence.ts';

/** Topics that one e-mail passes, by the name that the line shows. */
const TOPICS: Record<string, string> = {
  'oltp.emails': 'penguinmails.internal.oltp.emails.v1',
  'queue.deliveries': 'penguinmails.internal.queue.deliveries.v1',
  'public.email': 'penguinmails.public.email.events.v1',
};

type Counts = Record<string, number>;

/** Records ever written to each topic. A topic that is not there yet has none. */
async function countRecords({ kafkaBrokers }: StackPlan): Promise<Counts> {
  const kafka = new Kafka({
    clientId: 'penguinmails-demo',
    brokers: kafkaBrokers.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 5_000,
  });
  withoutTimerWarning();
  const admin = kafka.admin();
  await admin.connect();
  try {
    const present = await admin.listTopics();
    const counts: Counts = {};
    for (const [name, topic] of Object.entries(TOPICS)) {
      const partitions = present.includes(topic) ? await admin.fetchTopicOffsets(topic) : [];
      counts[name] = partitions.reduce((sum, partition) => sum + Number(partition.high), 0);
    }
    return counts;
  } finally {
    await admin.disconnect();
  }
}

/** More records than before in every topic of an e-mail's way. */
export const kafka: Witness<Counts> = {
  tier: 'kafka',
  before: ({ plan }) => countRecords(plan),
  after: async ({ plan }, before) => {
    const now = await countRecords(plan);
    const names = Object.keys(TOPICS);
    if (names.some((name) => (now[name] ?? 0) <= (before[name] ?? 0))) return undefined;
    const text = names.map((name) => `${name} ${before[name]} → ${now[name]}`).join(', ');
    return { text: `records in ${text} (time: when seen)`, at: new Date() };
  },
};
