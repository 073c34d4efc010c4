import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { topics as declared } from '@penguinmails/contracts';
import { eventually, freePort } from '@penguinmails/testing';
import kafkajs, { type CompressionTypes, type Kafka } from 'kafkajs';
import {
  createProducer,
  createRelayProducer,
  ensureTopics,
  type EventProducer,
  type RecordSlice,
  SliceConsumer,
  type SliceConsumerSettings,
  withAdmin,
} from '../../src/index.js';
import { GroupWatch } from '../../src/group-watch.js';
import {
  admin,
  consumerSettings,
  LateBroker,
  newTopic,
  produce,
  settings,
  lz4OfLiterals,
  snappyOfLiterals,
} from './broker.js';

const running: SliceConsumer[] = [];

function start(consumerOf: SliceConsumerSettings): SliceConsumer {
  const consumer = new SliceConsumer(consumerOf);
  running.push(consumer);
  consumer.start();
  return consumer;
}

afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
});

function numbered(count: number, keys = 16) {
  return Array.from({ length: count }, (_, n) => ({ key: `k${n % keys}`, value: String(n) }));
}

/** Remembers what came, per partition. */
class Received {
  readonly slices: RecordSlice[] = [];
  readonly run = async (slice: RecordSlice): Promise<void> => void this.slices.push(slice);

  get values(): number[] {
    return this.slices.flatMap(({ records }) => records.map(({ value }) => Number(value)));
  }

  offsetsOf(partition: number): bigint[] {
    const own = this.slices.filter((slice) => slice.partition === partition);
    return own.flatMap(({ records }) => records.map(({ offset }) => offset));
  }
}

describe('SliceConsumer', () => {
  it('reads everything once, in order, in slices of at most 500, and commits', async () => {
    const topic = await newTopic(4);
    await produce(topic, numbered(4000));
    const received = new Received();
    const consumer = start(consumerSettings([topic], received.run));
    await eventually(() => received.values.length >= 4000);
    expect(new Set(received.values).size).toBe(4000);
    expect(received.values).toHaveLength(4000);
    expect(Math.max(...received.slices.map(({ records }) => records.length))).toBeLessThanOrEqual(
      500,
    );
    for (const partition of [0, 1, 2, 3]) {
      const offsets = received.offsetsOf(partition);
      expect(offsets).toEqual(offsets.map((_, n) => BigInt(n)));
    }
    await eventually(() => consumer.lag().measuredAt !== null && consumer.lag().records === 0);
    const { measuredAt, readUntil, partitions } = consumer.lag();
    expect(readUntil).toEqual(measuredAt);
    expect(partitions).toHaveLength(4);
    for (const { committed, begin, end } of partitions)
      expect([committed, begin]).toEqual([end, 0]);
    expect(consumer.state()).toMatchObject({ status: 'running', assignedPartitions: 4 });
  });

  it.each(['GZIP', 'ZSTD'] as const)('reads %s batches, next to plain ones', async (codec) => {
    const topic = await newTopic(1);
    const value = 'packed '.repeat(2000);
    await produce(topic, [{ key: 'a', value }], kafkajs.CompressionTypes[codec]);
    await produce(topic, [{ key: 'a', value: 'plain' }]);
    const received = new Received();
    start(consumerSettings([topic], received.run));
    await eventually(() => received.values.length === 2);
    const records = received.slices.flatMap(({ records }) => records);
    expect(records.map((record) => record.value?.toString())).toEqual([value, 'plain']);
  });

  it('reads keys, empty values, headers and zstd batches as they are', async () => {
    const topic = await newTopic(1);
    const zstd = kafkajs.CompressionTypes.ZSTD;
    await produce(topic, [{ key: 'a', value: 'packed', headers: { h: 'ü' } }], zstd);
    await produce(topic, [{ key: 'a', value: null }]);
    const received = new Received();
    start(consumerSettings([topic], received.run));
    await eventually(() => received.values.length === 2);
    const [first, second] = received.slices.flatMap(({ records }) => records);
    expect(first).toMatchObject({ topic, partition: 0, offset: 0n, key: 'a', headers: { h: 'ü' } });
    expect(first.value?.toString()).toBe('packed');
    expect(second).toMatchObject({ key: 'a', value: null, headers: {} });
  });

  it('survives a TypeError: that partition pauses and comes again, the others flow', async () => {
    const topic = await newTopic(2);
    const at = (partition: number, value: string) => ({ key: 'k', value, partition });
    await produce(topic, [at(0, '1'), at(1, '2')]);
    const received = new Received();
    let failures = 0;
    const consumer = start(
      consumerSettings([topic], async (slice) => {
        if (slice.partition === 0 && failures++ < 3) (undefined as unknown as string).trim();
        await received.run(slice);
      }),
    );
    await eventually(() => received.values.includes(2) && consumer.state().paused.length === 1);
    await eventually(() => received.values.includes(1));
    expect(failures).toBe(4);
    expect(consumer.state()).toMatchObject({ status: 'running', paused: [], rebuilds: 0 });
  });

  it('lets records gather between fetches; the first after a quiet time waits for nothing', async () => {
    const topic = await newTopic(1);
    const received = new Received();
    start({ ...consumerSettings([topic], received.run), gatherMs: 4000 });
    await produce(topic, numbered(1));
    await eventually(() => received.values.length === 1, { timeoutMs: 3500 });
    for (let n = 0; n < 3; n++) await produce(topic, numbered(1));
    await eventually(() => received.values.length === 4);
    expect(received.slices.map(({ records }) => records.length)).toEqual([1, 3]);
  });

  it('tells until when it has read under a steady load, though it is always behind', async () => {
    const topic = await newTopic(1);
    const consumer = start({
      ...consumerSettings([topic], async () => undefined),
      gatherMs: 1000,
    });
    await produce(topic, numbered(1));
    await eventually(() => consumer.lag().readUntil !== null);
    const startedAt = Date.now();
    await eventually(async () => {
      await produce(topic, numbered(20));
      const { records, readUntil, measuredAt } = consumer.lag();
      expect(records).toBeGreaterThan(0);
      expect(Number(readUntil)).toBeGreaterThan(startedAt);
      expect(Number(readUntil)).toBeLessThan(Number(measuredAt));
    });
  });

  it('does not linger when it is behind or stops', async () => {
    const topic = await newTopic(1);
    const value = 'y'.repeat(90_000);
    for (let n = 0; n < 4; n++) await produce(topic, Array(8).fill({ key: 'k', value }));
    const received = new Received();
    const consumer = start({ ...consumerSettings([topic], received.run), gatherMs: 5000 });
    await eventually(() => received.values.length === 32, { timeoutMs: 9000 });
    expect(received.slices.length).toBeGreaterThan(2);
    const stopping = performance.now();
    await consumer.stop();
    expect(performance.now() - stopping).toBeLessThan(4000);
  });

  it('starts from the oldest record when its offset is out of range', async () => {
    const topic = await newTopic(1);
    await produce(topic, numbered(3));
    const received = new Received();
    const of = consumerSettings([topic], received.run);
    const partitions = [{ partition: 0, offset: '1000000' }];
    await admin((a) => a.setOffsets({ groupId: of.groupId, topic, partitions }));
    start(of);
    await eventually(() => received.values.length === 3);
    expect(received.values).toEqual([0, 1, 2]);
  });

  it('leaves the group cleanly: another member takes over at once and loses nothing', async () => {
    const topic = await newTopic(4);
    const first = new Received();
    const second = new Received();
    const shared = consumerSettings([topic], first.run);
    const leaving = start(shared);
    const staying = start({ ...shared, runSlice: second.run });
    const both = () => [leaving, staying].map((c) => c.state().assignedPartitions);
    await eventually(() => both().every((assigned) => assigned === 2), { timeoutMs: 20_000 });
    await produce(topic, numbered(500));
    await eventually(() => first.values.length + second.values.length >= 500);
    await leaving.stop();
    await eventually(() => staying.state().assignedPartitions === 4, { timeoutMs: 5000 });
    await produce(topic, numbered(1000).slice(500));
    const all = () => new Set([...first.values, ...second.values]);
    await eventually(() => all().size === 1000);
  });

  it.each([
    ['Snappy', snappyOfLiterals],
    ['LZ4', lz4OfLiterals],
  ] as const)('is rebuilt on a %s batch, skips nothing, and says why', async (name, pack) => {
    const topic = await newTopic(1);
    const codec: CompressionTypes = kafkajs.CompressionTypes[name];
    const none = kafkajs.CompressionCodecs[codec];
    kafkajs.CompressionCodecs[codec] = () => ({
      compress: async ({ buffer }: { buffer: Buffer }) => pack(buffer),
    });
    await produce(topic, numbered(1), codec);
    kafkajs.CompressionCodecs[codec] = none;
    await produce(topic, numbered(2).slice(1));
    const received = new Received();
    const of = consumerSettings([topic], received.run);
    const consumer = start(of);
    await eventually(() => consumer.state().rebuilds >= 2, { timeoutMs: 15_000 });
    expect(consumer.state().status).not.toBe('stopped');
    expect(consumer.state().lastFailure?.reason).toBe('unknown_codec');
    expect(received.values).toEqual([]);
    await consumer.stop();
    const partitions = [{ partition: 0, offset: '1' }];
    await admin((a) => a.setOffsets({ groupId: of.groupId, topic, partitions }));
    start(of);
    await eventually(() => received.values.length === 1);
    expect(received.values).toEqual([1]);
  });

  it('waits in the background for a broker that is down, and starts when it comes', async () => {
    const topic = await newTopic(1);
    await produce(topic, numbered(1));
    const broker = new LateBroker(await freePort());
    const received = new Received();
    const of = { ...consumerSettings([topic], received.run), brokers: [broker.address] };
    const consumer = start(of);
    await eventually(() => consumer.state().rebuilds >= 2);
    expect(consumer.state().status).toBe('connecting');
    await broker.open();
    await eventually(() => received.values.length === 1, { timeoutMs: 15_000 });
    await consumer.stop();
    broker.close();
    expect(consumer.state().status).toBe('stopped');
  });

  it('stops at once while no broker answers', async () => {
    const of = consumerSettings(['none'], new Received().run);
    const consumer = start({ ...of, brokers: [`127.0.0.1:${await freePort()}`] });
    const startedAt = Date.now();
    await consumer.stop();
    expect(Date.now() - startedAt).toBeLessThan(5000);
  });
});

describe('producers', () => {
  it('settle a send within 10 s when the broker refuses connections, and recover', async () => {
    const broker = new LateBroker(await freePort());
    const topic = await newTopic(1);
    const producer = createRelayProducer(settings([broker.address]));
    const record = { topic, key: 'k', value: '1', headers: { a: 'b' } };
    const startedAt = Date.now();
    await expect(producer.sendBatch([record])).rejects.toThrow();
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    await broker.open();
    await producer.sendBatch([record]);
    const [{ high }] = await admin((a) => a.fetchTopicOffsets(topic));
    expect(high).toBe('1');
    await producer.disconnect();
    broker.close();
  });

  it('of the relay settle a send within 10 s while the broker stands still, connected or not, and recover', async () => {
    const broker = new LateBroker(await freePort());
    await broker.open();
    const topic = await newTopic(1);
    broker.lead();
    const known = createRelayProducer(settings([broker.address]));
    const fresh = createRelayProducer(settings([broker.address]));
    const record = { topic, key: 'k', value: '1', headers: {} };
    await known.sendBatch([record]);
    broker.standStill();
    const startedAt = Date.now();
    const sends = await Promise.allSettled([known, fresh].map((one) => one.sendBatch([record])));
    expect(sends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    broker.goOn();
    // The first try after it may still meet the connection that was given up: the relay tries again.
    const sent = (one: EventProducer) => () =>
      one.sendBatch([record]).then(
        () => true,
        () => false,
      );
    for (const one of [known, fresh]) await eventually(sent(one));
    await Promise.all([known, fresh].map((one) => one.disconnect()));
    broker.close();
  });

  it('refuse a topic that does not exist and go on with others', async () => {
    const topic = await newTopic(1);
    const producer = createRelayProducer(settings());
    const to = (name: string) => ({ topic: name, key: 'k', value: '1', headers: {} });
    await expect(producer.sendBatch([to(`${topic}-missing`)])).rejects.toThrow();
    await producer.sendBatch([to(topic)]);
    await producer.disconnect();
  });

  it('hand kafkajs at most 1000 records at a time: it groups them in quadratic time', async () => {
    const topic = await newTopic(1);
    const sizes: number[] = [];
    const make = kafkajs.Kafka.prototype.producer;
    const spy = jest.spyOn(kafkajs.Kafka.prototype, 'producer').mockImplementation(function (
      this: Kafka,
      ...config
    ) {
      const real = make.apply(this, config);
      const sendBatch: typeof real.sendBatch = (batch) => {
        sizes.push((batch.topicMessages ?? []).flatMap(({ messages }) => messages).length);
        return real.sendBatch(batch);
      };
      return { ...real, sendBatch };
    });
    const producer = createProducer(settings());
    spy.mockRestore();
    await producer.sendBatch(numbered(2500).map((one) => ({ ...one, topic, headers: {} })));
    await producer.disconnect();
    expect(sizes).toEqual([1000, 1000, 500]);
  });

  it('keep the order of a key over several thousand records', async () => {
    const topic = await newTopic(3);
    const producer = createProducer(settings());
    const records = numbered(2500).map((record) => ({ ...record, topic, headers: {} }));
    await producer.sendBatch(records);
    await producer.disconnect();
    const received = new Received();
    start(consumerSettings([topic], received.run));
    await eventually(() => received.values.length === 2500);
    for (let key = 0; key < 16; key++) {
      const ofKey = received.values.filter((value) => value % 16 === key);
      expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b));
    }
  });
});

describe('ensureTopics', () => {
  it('creates what is missing as declared, and nothing twice', async () => {
    const name = `${await newTopic(1)}-declared`;
    const wanted = [{ ...declared[0], name }];
    expect(await withAdmin(settings(), (a) => ensureTopics(a, wanted))).toEqual([name]);
    expect(await withAdmin(settings(), (a) => ensureTopics(a, wanted))).toEqual([]);
    const { topics } = await admin((a) => a.fetchTopicMetadata({ topics: [name] }));
    expect(topics[0].partitions).toHaveLength(declared[0].partitions.embedded);
  });
});

describe('GroupWatch', () => {
  it('knows no time before the group commits, and dates what it saw before it looked', async () => {
    const topic = await newTopic(1);
    await produce(topic, numbered(3));
    const groupId = consumerSettings([topic], async () => undefined).groupId;
    const watch = new GroupWatch(settings(), groupId, [topic]);
    try {
      const { partitions, readUntil } = await eventually(() => watch.measure());
      expect(partitions).toEqual([
        { topic, partition: 0, records: 3, committed: null, begin: 0, end: 3 },
      ]);
      expect(readUntil).toBeNull();
      const committed = { groupId, topic, partitions: [{ partition: 0, offset: '3' }] };
      await admin((a) => a.setOffsets(committed));
      const before = Date.now();
      await eventually(() => Date.now() > before);
      const asking = watch.measure();
      const askedAt = Date.now();
      await eventually(() => Date.now() > askedAt);
      const after = (await asking).readUntil?.getTime();
      expect(after).toBeGreaterThan(before);
      expect(after).toBeLessThanOrEqual(askedAt);
    } finally {
      await watch.stop();
    }
  });
});
