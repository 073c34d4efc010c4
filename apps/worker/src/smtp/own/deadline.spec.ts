import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Deadline } from './deadline.js';

describe('Deadline', () => {
  let passed: number;
  let deadline: Deadline;
  beforeEach(() => {
    jest.useFakeTimers();
    passed = 0;
    deadline = new Deadline(() => (passed += 1));
  });
  afterEach(() => void jest.useRealTimers());

  it('passes once, at its time', () => {
    deadline.set(100);
    jest.advanceTimersByTime(99);
    expect(passed).toBe(0);
    jest.advanceTimersByTime(1);
    expect(passed).toBe(1);
    jest.advanceTimersByTime(1_000);
    expect(passed).toBe(1);
  });

  it('counts from the last time it was set, longer or shorter', () => {
    deadline.set(100);
    jest.advanceTimersByTime(60);
    deadline.set(100);
    jest.advanceTimersByTime(99);
    expect(passed).toBe(0);
    deadline.set(10);
    jest.advanceTimersByTime(10);
    expect(passed).toBe(1);
  });

  it('does not pass once it is cleared, and can be set again', () => {
    deadline.set(100);
    deadline.clear();
    jest.advanceTimersByTime(500);
    expect(passed).toBe(0);
    deadline.set(50);
    jest.advanceTimersByTime(50);
    expect(passed).toBe(1);
  });

  it('leaves no timer behind when it is stopped', () => {
    deadline.set(100);
    deadline.stop();
    expect(jest.getTimerCount()).toBe(0);
  });
});
