import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import net, {
  connect,
  createServer,
  type Server,
  type Socket,
  type TcpNetConnectOpts,
} from 'node:net';
import kafkajs, { type Admin, type CompressionTypes, type Message } from 'kafkajs';
import { jest } from '@jest/globals';
import { eventually, testBrokers } from '@penguinmails/testing';
import { createKafka, STEADY_CLIENT } from '../../src/kafka-client.js';
import type { Logger, RecordSlice, SliceConsumerSettings } from '../../src/index.js';

export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export function settings(brokers: readonly string[] = testBrokers()) {
  return { brokers, clientId: 'kafka-test', logger: silent };
}

export const client = () => createKafka(settings(), STEADY_CLIENT);

export async function admin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
  const connected = client().admin();
  await connected.connect();
  try {
    return await work(connected);
  } finally {
    await connected.disconnect();
  }
}

/** A topic of its own for one test. */
export async function newTopic(partitions: number): Promise<string> {
  const topic = `kafka-test.${randomUUID()}`;
  const topics = [{ topic, numPartitions: partitions }];
  // A broker may know nothing of a topic for a moment that it has just made.
  await eventually(() =>
    admin((a) => a.createTopics({ topics, waitForLeaders: true })).then(() => true),
  );
  return topic;
}

export async function produce(
  topic: string,
  messages: Message[],
  compression: CompressionTypes = kafkajs.CompressionTypes.None,
): Promise<void> {
  // What is sent again because an answer was late is there once.
  const producer = client().producer({ allowAutoTopicCreation: false, idempotent: true });
  await producer.connect();
  await producer.send({ topic, messages, acks: -1, compression });
  await producer.disconnect();
}

// An internal file of kafkajs, without types.
const { prototype: brokerPrototype } = createRequire(import.meta.url)('kafkajs/src/broker') as {
  prototype: { leaveGroup(request: { groupId: string }): Promise<unknown> };
};

/** The requests from now on by which consumers tell the broker that they leave. */
export function leaveRequests() {
  return jest.spyOn(brokerPrototype, 'leaveGroup').mock;
}

export function consumerSettings(
  topics: string[],
  runSlice: (slice: RecordSlice) => Promise<void>,
): SliceConsumerSettings {
  return { ...settings(), groupId: `kafka-test-${randomUUID()}`, topics, runSlice };
}

/**
 * Forwards a port to the broker once it is opened: a broker that is down at first, or stands still.
 * kafkajs goes on to the address that the broker tells, unless `lead` is on.
 */
export class LateBroker {
  #server: Server | undefined;
  #standsStill = false;
  readonly #pairs = new Set<[Socket, Socket]>();

  constructor(readonly port: number) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  open(): Promise<void> {
    this.#server = createServer((socket) => this.#forward(socket));
    return new Promise((resolve) => this.#server?.listen(this.port, '127.0.0.1', resolve));
  }

  /** Leads every connection of kafkajs here, whatever its address, until mocks are restored. */
  lead(): void {
    const here = (to: TcpNetConnectOpts, done?: () => void) =>
      connect({ ...to, port: this.port }, done);
    jest.spyOn(net, 'connect').mockImplementation(here as typeof net.connect);
  }

  /** As after SIGSTOP: connections stand, new ones are taken, requests wait, nobody answers. */
  standStill(): void {
    this.#standsStill = true;
    for (const [socket, upstream] of this.#pairs) socket.unpipe(upstream).pause();
    for (const [socket, upstream] of this.#pairs) upstream.unpipe(socket).pause();
  }

  /** What has waited is carried out now. */
  goOn(): void {
    this.#standsStill = false;
    for (const [socket, upstream] of this.#pairs) socket.pipe(upstream).pipe(socket);
  }

  close(): void {
    this.#server?.close();
    for (const [socket, upstream] of this.#pairs) [socket, upstream].map((one) => one.destroy());
  }

  #forward(socket: Socket): void {
    const [host, port] = testBrokers()[0].split(':');
    const upstream = connect(Number(port), host);
    const pair: [Socket, Socket] = [socket, upstream];
    this.#pairs.add(pair);
    if (!this.#standsStill) socket.pipe(upstream).pipe(socket);
    socket.on('error', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => this.#pairs.delete(pair) && upstream.destroy());
  }
}

/** A raw snappy block of literals only: kafkajs has no snappy codec, the broker has. */
export function snappyOfLiterals(bytes: Buffer): Buffer {
  const parts: Buffer[] = [varint(bytes.length)];
  for (let from = 0; from < bytes.length; from += 60) {
    const chunk = bytes.subarray(from, from + 60);
    parts.push(Buffer.from([(chunk.length - 1) << 2]), chunk);
  }
  return Buffer.concat(parts);
}

/** An LZ4 frame (64 KiB blocks, each stored as it is): kafkajs has no lz4 codec, the broker has. */
export function lz4OfLiterals(bytes: Buffer): Buffer {
  const header = Buffer.from('04224d18604082', 'hex');
  const size = Buffer.alloc(4);
  size.writeUInt32LE((0x80000000 | bytes.length) >>> 0);
  return Buffer.concat([header, size, bytes, Buffer.alloc(4)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
