import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { topics as declared } from '@penguinmails/contracts';
import { eventually, freePort, measured } from '@penguinmails/testing';
import kafkajs, { type CompressionTypes, type Kafka } from 'kafkajs';
import {
  createProducer,
  createRelayProducer,
  ensureTopics,
  type EventProducer,
  type IncomingRecord,
  type OutgoingRecord,
  type RecordSlice,
  SliceConsumer,
  type SliceConsumerSettings,
} from '../../src/index.js';
import { Gathering } from '../../src/gathering.js';
import { GroupWatch } from '../../src/group-watch.js';
import {
  admin,
  consumerSettings,
  LateBroker,
  newTopic,
  leaveRequests,
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
  /** Of each slice what no slice before it had: one whose commit came too late comes again. */
  readonly fresh: IncomingRecord[][] = [];
  readonly #seen = new Set<string>();
  readonly run = async (slice: RecordSlice): Promise<void> => {
    this.slices.push(slice);
    this.fresh.push(slice.records.filter((record) => this.#isNew(record)));
  };

  #isNew({ partition, offset }: IncomingRecord): boolean {
    const known = this.#seen.size;
    return this.#seen.add(`${partition}/${offset}`).size > known;
  }

  /** Each once, as they came first. */
  get records(): IncomingRecord[] {
    return this.fresh.flat();
  }

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
    await eventually(() => received.records.length === 2);
    const values = received.records.map((record) => record.value?.toString());
    expect(values).toEqual([value, 'plain']);
  });

  it('reads keys, empty values, headers and zstd batches as they are', async () => {
    const topic = await newTopic(1);
    const zstd = kafkajs.CompressionTypes.ZSTD;
    await produce(topic, [{ key: 'a', value: 'packed', headers: { h: 'ü' } }], zstd);
    await produce(topic, [{ key: 'a', value: null }]);
    const received = new Received();
    start(consumerSettings([topic], received.run));
    await eventually(() => received.records.length === 2);
    const [first, second] = received.records;
    expect(first).toMatchObject({ topic, partition: 0, offset: 0n, key: 'a', headers: { h: 'ü' } });
    expect(first.value?.toString()).toBe('packed');
    expect(second).toMatchObject({ key: 'a', value: null, headers: {} });
  });

  it('survives a TypeError: that partition pauses and comes again, the others flow', async () => {
    const topic = await newTopic(2);
    const at = (partition: number, value: string) => ({ key: 'k', value, partition });
    await produce(topic, [at(0, '1'), at(1, '2')]);
    const received = new Received();
    let mended = false;
    let failures = 0;
    const consumer = start(
      consumerSettings([topic], async (slice) => {
        if (slice.partition === 0 && !mended) {
          failures += 1;
          (undefined as unknown as string).trim();
        }
        await received.run(slice);
      }),
    );
    await eventually(() => received.values.includes(2) && consumer.state().paused.length === 1);
    await eventually(() => failures > 2);
    expect(received.values).not.toContain(1);
    mended = true;
    await eventually(() => received.values.includes(1));
    await eventually(() => consumer.state().status === 'running');
    await eventually(() => consumer.state().paused.length === 0);
    // A broker that is late may cost a rebuild, a handler never.
    expect(consumer.state().lastFailure?.reason ?? 'kafka_js').toMatch(/^kafka_js/);
  });

  /** Time does not pass for whoever gathers: a wait ends only by being told to. */
  function gatherForEver() {
    jest.spyOn(Gathering.prototype, 'waitMs', 'get').mockReturnValue(3_600_000);
    return jest.spyOn(Gathering.prototype, 'linger').mock;
  }

  it('lets records gather between fetches; the first after a quiet time waits for nothing', async () => {
    const topic = await newTopic(1);
    const received = new Received();
    const lingers = gatherForEver();
    start({ ...consumerSettings([topic], received.run), gatherMs: 4000 });
    await produce(topic, numbered(1));
    await eventually(() => received.records.length === 1 && lingers.calls.length > 0);
    for (let n = 0; n < 3; n++) await produce(topic, numbered(1));
    expect(received.records).toHaveLength(1);
    (lingers.contexts[0] as Gathering).hurry();
    await eventually(() => received.records.length === 4);
    const sizes = received.fresh.map((records) => records.length);
    expect(sizes.filter((size) => size > 0)).toEqual([1, 3]);
  });

  it('refuses to gather for longer than a rebalance may wait', () => {
    const of = consumerSettings(['none'], new Received().run);
    expect(() => new SliceConsumer({ ...of, gatherMs: 5001 })).toThrow(RangeError);
  });

  it('tells until when it has read under a steady load, though it is always behind', async () => {
    const topic = await newTopic(1);
    // However slow anything is: when a slice is done, the next records are there.
    const consumer = start({
      ...consumerSettings([topic], () => produce(topic, numbered(20))),
      gatherMs: 1000,
    });
    await produce(topic, numbered(1));
    await eventually(() => consumer.lag().readUntil !== null);
    const startedAt = Date.now();
    await eventually(() => {
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
    const lingers = gatherForEver();
    const consumer = start({ ...consumerSettings([topic], received.run), gatherMs: 5000 });
    await eventually(() => received.records.length === 32);
    expect(received.slices.length).toBeGreaterThan(2);
    await consumer.stop();
    await Promise.all(lingers.results.map(({ value }) => value));
  });

  it('starts from the oldest record when its offset is out of range', async () => {
    const topic = await newTopic(1);
    await produce(topic, numbered(3));
    const received = new Received();
    const of = consumerSettings([topic], received.run);
    const partitions = [{ partition: 0, offset: '1000000' }];
    await admin((a) => a.setOffsets({ groupId: of.groupId, topic, partitions }));
    start(of);
    await eventually(() => received.records.length === 3);
    expect(received.records.map(({ value }) => Number(value))).toEqual([0, 1, 2]);
  });

  it('leaves the group cleanly: another member takes over at once and loses nothing', async () => {
    const topic = await newTopic(4);
    const first = new Received();
    const second = new Received();
    const shared = consumerSettings([topic], first.run);
    const leaving = start(shared);
    const staying = start({ ...shared, runSlice: second.run });
    const both = () => [leaving, staying].map((c) => c.state().assignedPartitions);
    await eventually(() => both().every((assigned) => assigned === 2));
    const all = () => new Set([...first.values, ...second.values]);
    await produce(topic, numbered(500));
    await eventually(() => all().size === 500);
    const { groupId } = shared;
    const left = leaveRequests();
    await leaving.stop();
    // Without it the broker would give the partitions away only when the session has run out.
    await eventually(() => left.calls.some(([request]) => request.groupId === groupId));
    await eventually(() => staying.state().assignedPartitions === 4);
    await produce(topic, numbered(1000).slice(500));
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
    await eventually(() => consumer.state().rebuilds >= 2);
    await eventually(() => consumer.state().lastFailure?.reason === 'unknown_codec');
    expect(consumer.state().status).not.toBe('stopped');
    expect(received.values).toEqual([]);
    await consumer.stop();
    const partitions = [{ partition: 0, offset: '1' }];
    // Refused while the broker has not seen the consumer leave.
    await eventually(() => admin((a) => a.setOffsets({ groupId: of.groupId, topic, partitions })));
    start(of);
    await eventually(() => received.records.length === 1);
    expect(received.values).not.toContain(0);
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
    await eventually(() => received.records.length === 1);
    await consumer.stop();
    broker.close();
    expect(consumer.state().status).toBe('stopped');
  });

  it('stops at once while no broker answers', async () => {
    const of = consumerSettings(['none'], new Received().run);
    const consumer = start({ ...of, brokers: [`127.0.0.1:${await freePort()}`] });
    const { activeMs } = await measured(() => consumer.stop());
    expect(activeMs).toBeLessThan(5000);
  });
});

/** The relay's producer tries once, which a broker may be late for: the relay tries again. */
const sent = (producer: EventProducer, record: OutgoingRecord) =>
  eventually(async () => producer.sendBatch([record]));

describe('producers', () => {
  it('settle a send within 10 s when the broker refuses connections, and recover', async () => {
    const broker = new LateBroker(await freePort());
    const topic = await newTopic(1);
    const producer = createRelayProducer(settings([broker.address]));
    const record = { topic, key: 'k', value: '1', headers: { a: 'b' } };
    const { activeMs } = await measured(() =>
      expect(producer.sendBatch([record])).rejects.toThrow(),
    );
    expect(activeMs).toBeLessThan(10_000);
    await broker.open();
    await sent(producer, record);
    const [{ high }] = await admin((a) => a.fetchTopicOffsets(topic));
    expect(Number(high)).toBeGreaterThanOrEqual(1);
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
    await sent(known, record);
    broker.standStill();
    const { result: sends, activeMs } = await measured(() =>
      Promise.allSettled([known, fresh].map((one) => one.sendBatch([record]))),
    );
    expect(sends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(activeMs).toBeLessThan(10_000);
    broker.goOn();
    for (const one of [known, fresh]) await sent(one, record);
    await Promise.all([known, fresh].map((one) => one.disconnect()));
    broker.close();
  });

  it('refuse a topic that does not exist and go on with others', async () => {
    const topic = await newTopic(1);
    const producer = createRelayProducer(settings());
    const to = (name: string) => ({ topic: name, key: 'k', value: '1', headers: {} });
    await expect(producer.sendBatch([to(`${topic}-missing`)])).rejects.toThrow();
    await sent(producer, to(topic));
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
    // A send whose answer was late is sent again, so a value may be there twice.
    const values = () => [...new Set(received.values)];
    await eventually(() => values().length === 2500);
    for (let key = 0; key < 16; key++) {
      const ofKey = values().filter((value) => value % 16 === key);
      expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b));
    }
  });
});

describe('ensureTopics', () => {
  it('creates what is missing as declared, and nothing twice', async () => {
    // A broker that is slow to tell of a topic it has just made is asked again, about another one.
    await eventually(async () => {
      const name = `${await newTopic(1)}-declared`;
      const wanted = [{ ...declared[0], name }];
      expect(await admin((a) => ensureTopics(a, wanted))).toEqual([name]);
      expect(await admin((a) => ensureTopics(a, wanted))).toEqual([]);
      const { topics } = await admin((a) => a.fetchTopicMetadata({ topics: [name] }));
      expect(topics[0].partitions).toHaveLength(declared[0].partitions.embedded);
    });
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
      // The watch asks once: a broker that is late costs a measurement.
      await eventually(async () => {
        const asking = watch.measure();
        const askedAt = Date.now();
        const [{ readUntil }] = await Promise.all([asking, eventually(() => Date.now() > askedAt)]);
        expect(readUntil?.getTime()).toBeGreaterThan(before);
        expect(readUntil?.getTime()).toBeLessThanOrEqual(askedAt);
      });
    } finally {
      await watch.stop();
    }
  });
});
