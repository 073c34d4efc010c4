import { describe, expect, it } from '@jest/globals';
import { ClaimProgress } from './claim-progress.js';

const at = (second: number) => new Date(Date.UTC(2026, 10, 22, 12, 0, second));
const lag = (topic: string, partition: number, records: number) => ({ topic, partition, records });

describe('how far claims are read', () => {
  it('is unknown before every partition of every topic was once read to its end', () => {
    const progress = new ClaimProgress(['a', 'b']);
    expect(progress.lagSeconds(at(0))).toBeUndefined();
    progress.observe({ measuredAt: null, partitions: [lag('a', 0, 0), lag('b', 0, 0)] });
    expect(progress.lagSeconds(at(0))).toBeUndefined();
    progress.observe({ measuredAt: at(0), partitions: [lag('a', 0, 0)] });
    expect(progress.lagSeconds(at(0))).toBeUndefined();
    progress.observe({ measuredAt: at(1), partitions: [lag('a', 0, 0), lag('b', 0, 3)] });
    expect(progress.lagSeconds(at(1))).toBeUndefined();
    progress.observe({ measuredAt: at(2), partitions: [lag('a', 0, 5), lag('b', 0, 0)] });
    expect(progress.lagSeconds(at(5))).toBe(4);
  });

  it('falls behind with the slowest partition, and while nobody measures', () => {
    const progress = new ClaimProgress(['a']);
    progress.observe({ measuredAt: at(0), partitions: [lag('a', 0, 0), lag('a', 1, 0)] });
    progress.observe({ measuredAt: at(30), partitions: [lag('a', 0, 0), lag('a', 1, 1)] });
    expect(progress.lagSeconds(at(30))).toBe(30);
    expect(progress.lagSeconds(at(50))).toBe(50);
    progress.observe({ measuredAt: at(55), partitions: [lag('a', 0, 0), lag('a', 1, 0)] });
    expect(progress.lagSeconds(at(55))).toBe(0);
  });

  it('does not take one topic for another whose name begins alike', () => {
    const progress = new ClaimProgress(['emails']);
    progress.observe({ measuredAt: at(0), partitions: [lag('emails.v1', 0, 0)] });
    expect(progress.lagSeconds(at(0))).toBeUndefined();
  });
});
