/** One event to put on its topic, as the outbox relay would. */
export interface TestEvent {
  readonly type: string;
  readonly tenantId: string;
  readonly subject: string;
  readonly data: Record<string, unknown>;
  readonly id?: string;
  readonly time?: Date;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly entityVersion?: number;
}

/** One record read back from a topic. */
export interface CollectedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly id: string;
  readonly type: string;
  readonly tenantId: string;
  readonly subject: string;
  readonly data: Record<string, unknown> | null;
}

export interface EventCollector {
  /** Everything read so far, in order of arrival. */
  readonly events: readonly CollectedEvent[];
  /** Resolves with the first event that matches, also one that came before; throws after 15 s. */
  waitFor(match: (event: CollectedEvent) => boolean, timeoutMs?: number): Promise<CollectedEvent>;
  stop(): Promise<void>;
}

/** Brokers of TEST_KAFKA_BROKERS. */
export declare function testBrokers(): string[];

/** Makes the topics when missing, validates and produces the events with CloudEvents headers. */
export declare function produceEvents(
  brokers: readonly string[],
  events: readonly TestEvent[],
): Promise<void>;

/** Reads the topics from now on; resolves when the reader has its assignment. */
export declare function collectEvents(
  brokers: readonly string[],
  topics: readonly string[],
): Promise<EventCollector>;
