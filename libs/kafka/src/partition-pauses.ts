import { backoffMs } from './backoff.js';
import type { PausedPartition } from './consumer-state.js';

const PAUSE = { firstMs: 100, maxMs: 10_000 };

/** Pauses partitions whose slice failed, longer with each failure, and resumes them by timer. */
export class PartitionPauses {
  readonly #failures = new Map<string, PausedPartition>();
  readonly #timers = new Set<NodeJS.Timeout>();

  /** Pauses one partition; returns the delay in ms until its slice is tried again. */
  hold(topic: string, partition: number, pause: () => () => void): number {
    const key = `${topic}/${partition}`;
    const failures = (this.#failures.get(key)?.failures ?? 0) + 1;
    this.#failures.set(key, { topic, partition, failures });
    const delay = backoffMs(failures, PAUSE);
    const resume = pause();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      resume();
    }, delay);
    this.#timers.add(timer);
    return delay;
  }

  succeeded(topic: string, partition: number): void {
    this.#failures.delete(`${topic}/${partition}`);
  }

  /** Partitions whose last slice failed. */
  list(): PausedPartition[] {
    return [...this.#failures.values()];
  }

  /** Forgets everything: the consumer that was paused is gone. */
  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#failures.clear();
  }
}
