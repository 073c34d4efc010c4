/** How far a consumer group is behind, as the Kafka library measures it. */
export interface MeasuredLag {
  readonly measuredAt: Date | null;
  readonly partitions: readonly { topic: string; partition: number; records: number }[];
}

/**
 * Turns a lag in records into a time: for each partition the last moment at which nothing was left to
 * read. Everything written before that moment has been handled.
 */
export class ClaimProgress {
  readonly #caughtUp = new Map<string, Date>();
  #partitions: readonly string[] = [];

  /** @param topics all that must be known before anything can be said */
  constructor(private readonly topics: readonly string[]) {}

  observe({ measuredAt, partitions }: MeasuredLag): void {
    if (measuredAt === null) return;
    this.#partitions = partitions.map(nameOf);
    for (const partition of partitions)
      if (partition.records === 0) this.#caughtUp.set(nameOf(partition), measuredAt);
  }

  /** Age of the oldest record that may be unread, in seconds; undefined while that is not known. */
  lagSeconds(now: Date): number | undefined {
    if (!this.topics.every((topic) => this.#knows(topic))) return undefined;
    const times = this.#partitions.map((name) => this.#caughtUp.get(name)?.getTime());
    if (times.some((time) => time === undefined)) return undefined;
    return (now.getTime() - Math.min(...times.map(Number))) / 1000;
  }

  #knows(topic: string): boolean {
    return this.#partitions.some((name) => name.startsWith(`${topic} `));
  }
}

function nameOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic} ${partition}`;
}
