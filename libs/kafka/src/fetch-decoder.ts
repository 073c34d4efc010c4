import { createRequire } from 'node:module';
import { FetchedMessage, type RecordBatchFacts } from './fetched-message.js';
import { VarintReader } from './varint-reader.js';

/** Of a batch: from its first byte to its records. */
const HEADER_BYTES = 61;
const LENGTH_FROM = 12;
const CODECS = 0b111;
const LOG_APPEND_TIME = 0b1000;
const TRANSACTIONAL = 0b10000;
const CONTROL = 0b100000;
const RECORD_BATCH = 2;

/** kafkajs' protocol/decoder.js, 2.2.4, as far as it is used here. */
interface Decoder {
  offset: number;
  readInt16(): number;
  readInt32(): number;
  readInt64(): bigint;
  readString(): string;
  readBytes(length: number): Buffer;
  canReadBytes(length: number): boolean;
  readArray<T>(read: (decoder: Decoder) => T): T[];
  readArrayAsync<T>(read: (decoder: Decoder) => Promise<T>): Promise<T[]>;
}

interface Codec {
  decompress(bytes: Buffer): Promise<Buffer>;
}

interface FetchResponse {
  decode(bytes: Buffer): Promise<unknown>;
}

// Internal files of kafkajs, without types.
const require = createRequire(import.meta.url);
const KafkaDecoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder;
const response = require('kafkajs/src/protocol/requests/fetch/v11/response') as FetchResponse;
const { lookupCodecByAttributes } = require('kafkajs/src/protocol/message/compression') as {
  lookupCodecByAttributes(attributes: number): Codec | null;
};

const decodeByKafkajs = response.decode;

/** The log holds a format older than Kafka 0.11: kafkajs knows it, we do not. */
class OldFormat extends Error {}

/**
 * kafkajs copies the headers of a record once per header and decodes records that nobody reads: most
 * of the time of a consumer. Here records of a fetch are decoded when they are read. Calling it again
 * changes nothing.
 */
export function installFetchDecoder(): void {
  response.decode = decode;
}

async function decode(bytes: Buffer): Promise<unknown> {
  try {
    const decoder = new KafkaDecoder(bytes);
    const clientSideThrottleTime = decoder.readInt32();
    const errorCode = decoder.readInt16();
    const sessionId = decoder.readInt32();
    const responses = await decoder.readArrayAsync(decodeTopic);
    return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
  } catch (error) {
    if (error instanceof OldFormat) return decodeByKafkajs(bytes);
    throw error;
  }
}

async function decodeTopic(decoder: Decoder) {
  return {
    topicName: decoder.readString(),
    partitions: await decoder.readArrayAsync(decodePartition),
  };
}

async function decodePartition(decoder: Decoder) {
  return {
    partition: decoder.readInt32(),
    errorCode: decoder.readInt16(),
    highWatermark: decoder.readInt64().toString(),
    lastStableOffset: decoder.readInt64().toString(),
    lastStartOffset: decoder.readInt64().toString(),
    abortedTransactions: decoder.readArray((aborted) => ({
      producerId: aborted.readInt64().toString(),
      firstOffset: aborted.readInt64().toString(),
    })),
    preferredReadReplica: decoder.readInt32(),
    messages: await decodeMessages(decoder),
  };
}

async function decodeMessages(decoder: Decoder): Promise<FetchedMessage[]> {
  const size = decoder.readInt32();
  if (size <= 0 || !decoder.canReadBytes(size)) return [];
  return decodeBatches(decoder.readBytes(size));
}

/** The last batch may have been cut off by the limit of the fetch: it comes again, whole. */
async function decodeBatches(bytes: Buffer): Promise<FetchedMessage[]> {
  const messages: FetchedMessage[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    if (bytes.readInt8(at + 16) !== RECORD_BATCH) throw new OldFormat();
    const end = at + LENGTH_FROM + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break;
    for (const message of await decodeBatch(bytes.subarray(at, end))) messages.push(message);
    at = end;
  }
  return messages;
}

/** Layout: https://kafka.apache.org/documentation/#recordbatch */
async function decodeBatch(batch: Buffer): Promise<FetchedMessage[]> {
  const attributes = batch.readInt16BE(21);
  const packed = batch.subarray(HEADER_BYTES);
  const codec = (attributes & CODECS) === 0 ? null : lookupCodecByAttributes(attributes);
  const records = codec ? await codec.decompress(packed) : packed;
  const facts: RecordBatchFacts = {
    firstOffset: batch.readBigInt64BE(0),
    firstTimestamp: batch.readBigInt64BE(27),
    timestamp: attributes & LOG_APPEND_TIME ? batch.readBigInt64BE(35) : null,
    producerId: batch.readBigInt64BE(43).toString(),
    inTransaction: (attributes & TRANSACTIONAL) !== 0,
    isControlBatch: (attributes & CONTROL) !== 0,
    records,
  };
  return messagesOf(facts, batch.readInt32BE(57));
}

function messagesOf(facts: RecordBatchFacts, count: number): FetchedMessage[] {
  const reader = new VarintReader(facts.records);
  return Array.from({ length: Math.max(count, 0) }, () => {
    const end = reader.varint() + reader.at;
    reader.at += 1; // attributes of the record: unused
    const timestampDelta = reader.varint();
    const message = new FetchedMessage(facts, timestampDelta, reader.varint(), reader.at, end);
    reader.at = end;
    return message;
  });
}
