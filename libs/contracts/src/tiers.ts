/** The five services with a database of their own. Each is a Kafka consumer group of its name. */
export const tiers = ['oltp', 'content', 'olap', 'queue', 'notifications'] as const;

export type Tier = (typeof tiers)[number];
