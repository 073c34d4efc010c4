import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ServerShares } from './server-shares.js';

const never = new AbortController().signal;

describe('ServerShares', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('gives no server more than its places, and each its own', () => {
    const shares = new ServerShares(4);
    expect([shares.take('a', 3), shares.take('a', 3), shares.take('a', 1)]).toEqual([3, 1, 0]);
    expect(shares.take('b', 9)).toBe(4);
    shares.leave('a');
    expect(shares.take('a', 3)).toBe(1);
  });

  it('lets a batch wait until a good part of its places is free', async () => {
    const shares = new ServerShares(4);
    shares.take('a', 4);
    const soon = shares.takeSoon('a', 3, never);
    shares.leave('a');
    shares.leave('b');
    shares.leave('a');
    await expect(soon).resolves.toBe(2);
  });

  it('tells a busy server at once to those that come after the one that waited', async () => {
    const shares = new ServerShares(2);
    shares.take('a', 2);
    const first = shares.takeSoon('a', 2, never);
    jest.advanceTimersByTime(1_000);
    await expect(first).resolves.toBe(0);
    await expect(shares.takeSoon('a', 2, never)).resolves.toBe(0);
    shares.leave('a');
    await expect(shares.takeSoon('a', 2, never)).resolves.toBe(1);
  });

  it('waits again once the server has had time', async () => {
    const shares = new ServerShares(2);
    shares.take('a', 2);
    const first = shares.takeSoon('a', 2, never);
    jest.advanceTimersByTime(1_000);
    await first;
    jest.advanceTimersByTime(5_000);
    const later = shares.takeSoon('a', 1, never);
    shares.leave('a');
    await expect(later).resolves.toBe(1);
  });

  it('waits no longer than the worker lives', async () => {
    const shares = new ServerShares(1);
    shares.take('a', 1);
    const stop = new AbortController();
    const soon = shares.takeSoon('a', 1, stop.signal);
    stop.abort();
    await expect(soon).resolves.toBe(0);
  });

  it('does not wait once the worker has stopped', async () => {
    const shares = new ServerShares(1);
    shares.take('a', 1);
    const soon = shares.takeSoon('a', 1, AbortSignal.abort());
    expect(jest.getTimerCount()).toBe(0);
    await expect(soon).resolves.toBe(0);
  });
});
