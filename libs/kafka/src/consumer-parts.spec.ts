import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { backoffMs } from './backoff.js';
import { brokerAnswered } from './broker-answered.js';
import { failureReason } from './failure-reason.js';
import { Gathering } from './gathering.js';
import { KeepAlive } from './keep-alive.js';
import { PartitionPauses } from './partition-pauses.js';
import { SliceBudget, SlicePacer } from './slice-pacer.js';
import { survivable } from './survivable-error.js';

describe('backoffMs', () => {
  it('doubles up to the maximum and stays in the upper half', () => {
    for (const [failures, full] of [
      [1, 100],
      [2, 200],
      [4, 800],
      [9, 1000],
      [5000, 1000],
    ]) {
      const ms = backoffMs(failures, { firstMs: 100, maxMs: 1000 });
      expect(ms).toBeGreaterThanOrEqual(full / 2);
      expect(ms).toBeLessThanOrEqual(full);
    }
  });
});

describe('SlicePacer', () => {
  it('starts with 500 records and shrinks to what fits into 250 ms', () => {
    const pacer = new SlicePacer();
    expect(pacer.next('a/0')).toBe(500);
    pacer.finished('a/0', 500, 1000);
    expect(pacer.next('a/0')).toBe(125);
    expect(pacer.next('a/1')).toBe(500);
  });

  it('grows back by doubling and never goes below one record', () => {
    const pacer = new SlicePacer();
    pacer.finished('a/0', 1, 30_000);
    expect(pacer.next('a/0')).toBe(1);
    pacer.finished('a/0', 1, 1);
    expect(pacer.next('a/0')).toBe(2);
    for (let n = 0; n < 12; n++) pacer.finished('a/0', pacer.next('a/0'), 1);
    expect(pacer.next('a/0')).toBe(500);
  });
});

describe('Gathering', () => {
  const never = new AbortController().signal;

  it.each([-1, 5001, Number.NaN])('refuses %d ms: heartbeats and rebalances wait for it', (ms) => {
    expect(() => new Gathering({ ms, from: 0 }, never)).toThrow(RangeError);
  });

  it('waits from a fetch on, until somebody is behind or the consumer stops', async () => {
    const stopping = new AbortController();
    const gathering = new Gathering({ ms: 5000, from: 0 }, stopping.signal);
    await gathering.linger();
    gathering.fetched();
    const behind = gathering.linger();
    gathering.hurry();
    await behind;
    gathering.fetched();
    const stopped = gathering.linger();
    stopping.abort();
    await stopped;
    gathering.fetched();
    await gathering.linger();
  });

  it('counts anew from each fetch', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const gathering = new Gathering({ ms: 5000, from: 0 }, never);
    gathering.fetched();
    jest.advanceTimersByTime(5000);
    gathering.fetched();
    let over = false;
    const waiting = gathering.linger().then(() => (over = true));
    await new Promise(setImmediate);
    expect(over).toBe(false);
    gathering.hurry();
    await waiting;
    jest.useRealTimers();
  });

  describe('of a consumer whose delay is felt', () => {
    let now = 0;
    const gathering = () => new Gathering({ ms: 100, from: 20 }, never, () => now);
    /** A fetch of so many records, so long after the one before: how long it then waits. */
    const fetch = (of: Gathering, afterMs: number, ...records: number[]): number => {
      now += afterMs;
      of.fetched();
      records.forEach((count) => of.took(count));
      return of.waitMs;
    };

    it('waits for nothing while little comes, however often', () => {
      const of = gathering();
      for (let n = 0; n < 50; n++) expect(fetch(of, 10, 1)).toBe(0);
      for (let n = 0; n < 50; n++) expect(fetch(of, 200, 19)).toBe(0);
    });

    it('waits while much comes, in few fetches or many, from several partitions', () => {
      expect(fetch(gathering(), 0, 7, 7, 6)).toBe(100);
      const often = gathering();
      const waits = Array.from({ length: 50 }, () => fetch(often, 10, 3));
      expect(waits[0]).toBe(0);
      expect(waits.at(-1)).toBe(100);
    });

    it('waits for nothing again when it has become quiet', () => {
      const of = gathering();
      expect(fetch(of, 0, 500)).toBe(100);
      expect(fetch(of, 100, 1)).toBe(0);
    });
  });
});

describe('survivable', () => {
  it.each([TypeError, RangeError, ReferenceError, SyntaxError])(
    'wraps a %p, which would stop kafkajs for good, and keeps it as cause',
    (type) => {
      const error = new type('bad');
      const wrapped = survivable(error) as Error;
      expect(wrapped.name).toBe('Error');
      expect(wrapped.cause).toBe(error);
    },
  );

  it('leaves other errors alone: kafkajs knows its own by identity', () => {
    const error = Object.assign(new Error('rebalance'), { type: 'REBALANCE_IN_PROGRESS' });
    expect(survivable(error)).toBe(error);
  });
});

describe('brokerAnswered', () => {
  const named = (name: string, cause?: unknown) =>
    Object.assign(new Error(name, { cause }), { name });

  it('tells a refused topic from a broker that is away', () => {
    const refused = named('KafkaJSNonRetriableError', named('KafkaJSProtocolError'));
    const away = named('KafkaJSNumberOfRetriesExceeded', named('KafkaJSConnectionError'));
    expect(brokerAnswered(refused)).toBe(true);
    expect(brokerAnswered(away)).toBe(false);
    expect(brokerAnswered(undefined)).toBe(false);
  });
});

describe('failureReason', () => {
  it('knows a codec that is not there, also as a cause, and else names the class', () => {
    const codec = new Error('LZ4 compression not implemented');
    expect(failureReason(codec)).toBe('unknown_codec');
    expect(failureReason(new Error('wrapped', { cause: codec }))).toBe('unknown_codec');
    expect(failureReason(new TypeError('secret words'))).toBe('type_error');
    expect(failureReason('words')).toBe('unknown');
  });
});

describe('with timers', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('pauses a partition longer with each failure and resumes it by itself', () => {
    const pauses = new PartitionPauses();
    const resume = jest.fn();
    const delays = [1, 2, 3].map(() => {
      const delay = pauses.hold('t', 0, () => resume);
      jest.advanceTimersByTime(delay);
      return delay;
    });
    expect(resume).toHaveBeenCalledTimes(3);
    expect(delays[2]).toBeGreaterThan(delays[0]);
    expect(pauses.list()).toEqual([{ topic: 't', partition: 0, failures: 3 }]);
    pauses.succeeded('t', 0);
    expect(pauses.list()).toEqual([]);
  });

  it('forgets pauses of a consumer that is gone', () => {
    const pauses = new PartitionPauses();
    const resume = jest.fn();
    pauses.hold('t', 0, () => resume);
    pauses.clear();
    jest.advanceTimersByTime(60_000);
    expect(resume).not.toHaveBeenCalled();
  });

  it('sends heartbeats during a slice and reports a refusal only afterwards', async () => {
    const rebalance = new Error('rebalance');
    const heartbeat = jest.fn(() => Promise.reject(rebalance));
    const alive = new KeepAlive(heartbeat, 1000);
    await jest.advanceTimersByTimeAsync(3500);
    alive.stop();
    await jest.advanceTimersByTimeAsync(5000);
    expect(heartbeat).toHaveBeenCalledTimes(3);
    expect(() => alive.assertMember()).toThrow(rebalance);
  });
});

describe('SliceBudget', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('allows slices for as long as one may take, and none that would end later', () => {
    jest.useFakeTimers();
    const budget = new SliceBudget();
    jest.advanceTimersByTime(60);
    expect(budget.allowsAnother()).toBe(true);
    jest.advanceTimersByTime(80);
    expect(budget.allowsAnother()).toBe(true);
    jest.advanceTimersByTime(40);
    expect(budget.allowsAnother()).toBe(false);
  });
});
