import { createRequire } from 'node:module';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import kafkajs, { type LogEntry } from 'kafkajs';
import { levelOf, quietLogCreator } from './kafkajs-log.js';
import { installRequestQueueShim, type Queue as Pending } from './request-queue-shim.js';
import { installZstd } from './zstd-codec.js';

interface Queue extends Pending {
  destroy(): void;
}
const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
  new (options: object): Queue;
  prototype: { scheduleCheckPendingRequests(): void };
};
const original = RequestQueue.prototype.scheduleCheckPendingRequests;

function idleQueue(): Queue {
  return new RequestQueue({
    maxInFlightRequests: 0,
    requestTimeout: 1000,
    clientId: 'test',
    broker: 'b:1',
    logger: { debug: () => undefined },
  });
}

function timersOf(work: (queue: Queue) => void): number {
  const timers = jest.spyOn(globalThis, 'setTimeout');
  const queue = idleQueue();
  work(queue);
  const calls = timers.mock.calls.length;
  queue.destroy();
  timers.mockRestore();
  return calls;
}

describe('request queue of an idle connection', () => {
  afterEach(() => {
    RequestQueue.prototype.scheduleCheckPendingRequests = original;
  });

  const tenAnswers = (queue: Queue) => {
    for (let n = 0; n < 10; n++) queue.checkPendingRequests();
  };

  it('sets no timer while nothing is pending', () => {
    installRequestQueueShim();
    expect(timersOf(tenAnswers)).toBe(0);
  });

  it('sets one timer while something is pending', () => {
    installRequestQueueShim();
    const calls = timersOf((queue) => {
      queue.pending.push({});
      tenAnswers(queue);
    });
    expect(calls).toBe(1);
  });

  it('would set timers without the shim (why it is there)', () => {
    expect(timersOf(tenAnswers)).toBeGreaterThan(0);
  });
});

describe('log lines of kafkajs', () => {
  const line = (level: number, message: string, more = {}): LogEntry => ({
    namespace: 'Consumer',
    level,
    label: 'x',
    log: { timestamp: '', logger: 'kafkajs', message, ...more },
  });

  it.each([
    'Connection error: connect ECONNREFUSED 127.0.0.1:9092',
    'Response GroupCoordinator(key: 10, version: 2)',
    'Response Metadata(key: 3, version: 6)',
    'Crash: KafkaJSNumberOfRetriesExceeded: Broker not connected',
    'Failed to send messages: This server does not host this topic-partition',
    'The group is rebalancing, re-joining',
  ])('turns what is retried into debug: %s', (message) => {
    expect(levelOf(line(kafkajs.logLevel.ERROR, message))).toBe('debug');
  });

  it('keeps the unexpected as a warning, without stacks or objects', () => {
    const warn = jest.fn();
    const quiet = { debug: jest.fn(), info: jest.fn(), warn, error: jest.fn() };
    const more = { stack: 'at x', error: { value: 'secret' }, topic: 't' };
    quietLogCreator(quiet)(kafkajs.logLevel.INFO)(
      line(kafkajs.logLevel.ERROR, 'Offset out of range', more),
    );
    expect(warn).toHaveBeenCalledWith(
      { namespace: 'Consumer', topic: 't' },
      'kafkajs: Offset out of range',
    );
  });
});

describe('zstd', () => {
  it('packs and unpacks, and refuses what unpacks to more than 64 MB', async () => {
    installZstd();
    const codec = kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD]();
    const packed = await codec.compress({ buffer: Buffer.from('x'.repeat(1000)) });
    expect(packed.length).toBeLessThan(100);
    expect((await codec.decompress(packed)).toString()).toBe('x'.repeat(1000));
    const bomb = await codec.compress({ buffer: Buffer.alloc(65 * 1024 * 1024) });
    await expect(codec.decompress(bomb)).rejects.toThrow();
  });
});
