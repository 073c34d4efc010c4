import { createRequire } from 'node:module';
import { afterAll, describe, expect, it } from '@jest/globals';
import kafkajs from 'kafkajs';
import { installFetchDecoder } from './fetch-decoder.js';
import { FetchedMessage } from './fetched-message.js';

interface Encoder {
  buffer: Buffer;
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeInt64(value: number): Encoder;
  writeString(value: string): Encoder;
  writeBytes(value: Buffer): Encoder;
  writeArray(values: Encoder[]): Encoder;
}
interface Message {
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, Buffer | Buffer[]>;
  offset: string;
  timestamp: string;
  isControlRecord: boolean;
}
type Decoded = { responses: { partitions: { highWatermark: string; messages: Message[] }[] }[] };

// Internal files of kafkajs: its own encoders and decoder are the oracle.
const require = createRequire(import.meta.url);
const KafkaEncoder = require('kafkajs/src/protocol/encoder') as new () => Encoder;
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch(batch: object): Promise<Encoder>;
};
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (
  record: object,
) => unknown;
const response = require('kafkajs/src/protocol/requests/fetch/v11/response') as {
  decode(bytes: Buffer): Promise<Decoded>;
};
const byKafkajs = response.decode;
installFetchDecoder();
const byUs = response.decode;
afterAll(() => {
  response.decode = byKafkajs;
});

interface Given {
  key: string | null;
  value: string | null;
  headers?: Record<string, string | string[]>;
}

const FIRST_OFFSET = 5_000_000_000;
const FIRST_TIME = 1_795_388_000_000;

async function batchOf(records: Given[], compression = 0): Promise<Buffer> {
  const encoder = await RecordBatch({
    compression,
    firstOffset: FIRST_OFFSET,
    firstTimestamp: FIRST_TIME,
    maxTimestamp: FIRST_TIME + 1_000_000,
    lastOffsetDelta: records.length - 1,
    records: records.map(({ key, value, headers = {} }, n) =>
      encodeRecord({ offsetDelta: n * 300, timestampDelta: n * 100_000, key, value, headers }),
    ),
  });
  return encoder.buffer;
}

function fetchOf(recordSet: Buffer): Buffer {
  const partition = new KafkaEncoder()
    .writeInt32(2)
    .writeInt16(0)
    .writeInt64(FIRST_OFFSET + 9)
    .writeInt64(FIRST_OFFSET + 9)
    .writeInt64(0)
    .writeArray([])
    .writeInt32(-1)
    .writeBytes(recordSet);
  const topic = new KafkaEncoder().writeString('a-topic').writeArray([partition]);
  const all = new KafkaEncoder().writeInt32(0).writeInt16(0).writeInt32(7).writeArray([topic]);
  return all.buffer;
}

const first = (value: Buffer | Buffer[]): string =>
  (Array.isArray(value) ? value[0] : value).toString();

/** What kafkajs' consumer and we read of a message; of a header with several values the first. */
function seen({ key, value, headers, offset, timestamp, isControlRecord }: Message) {
  const texts = Object.entries(headers).map(([name, text]) => [name, first(text)]);
  return { key, value, offset, timestamp, isControlRecord, headers: Object.fromEntries(texts) };
}

const messagesOf = ({ responses }: Decoded) => responses[0].partitions[0].messages;

const ascii: Given[] = [
  { key: 'k1', value: '{"n":1}', headers: { ce_id: '1', ce_type: 'a', long: 'x'.repeat(300) } },
  { key: 'k2', value: '{"n":2}', headers: { ce_id: '2', ce_type: 'a', long: 'x'.repeat(300) } },
  { key: 'k3', value: null, headers: { ce_type: 'a', ce_id: '2' } },
  { key: null, value: '', headers: {} },
  { key: '', value: 'y'.repeat(20_000), headers: { twice: ['one', 'two'] } },
];
const foreign: Given[] = [
  { key: 'schlüssel', value: '{"n":"é"}', headers: { ce_id: 'ü', ce_type: 'a' } },
  { key: 'k', value: '{}', headers: { ce_id: '2', ce_type: 'a' } },
];

describe('decoding of a fetch, with the decoder of kafkajs as the oracle', () => {
  it.each([
    ['ASCII', ascii, 0],
    ['UTF-8', foreign, 0],
    ['gzip', [...ascii, ...foreign], kafkajs.CompressionTypes.GZIP],
  ])('reads the same: %s', async (_name, records, compression) => {
    const fetched = fetchOf(await batchOf(records, compression));
    const [theirs, ours] = [await byKafkajs(fetched), await byUs(fetched)];
    expect(messagesOf(ours).map(seen)).toEqual(messagesOf(theirs).map(seen));
    expect(messagesOf(ours)).toHaveLength(records.length);
    const facts = ({ responses }: Decoded) => ({ ...responses[0].partitions[0], messages: [] });
    expect(facts(ours)).toEqual(facts(theirs));
  });

  it('gives the parts as text, and bytes only when a value is not ASCII', async () => {
    const parts = async (records: Given[]) => {
      const messages = messagesOf(await byUs(fetchOf(await batchOf(records))));
      return messages.map((message) => (message as unknown as FetchedMessage).parts());
    };
    expect(await parts(ascii)).toEqual(
      ascii.map(({ key, value, headers = {} }) => ({
        key,
        value,
        headers: 'twice' in headers ? { twice: 'one' } : headers,
      })),
    );
    const [{ key, value, headers }] = await parts(foreign);
    expect([key, headers.ce_id]).toEqual(['schlüssel', 'ü']);
    expect(value).toEqual(Buffer.from('{"n":"é"}'));
  });

  it('leaves out a batch that the fetch cut off, and reads none without bytes', async () => {
    const whole = await batchOf(ascii);
    const cut = Buffer.concat([whole, (await batchOf(foreign)).subarray(0, -1)]);
    expect(messagesOf(await byUs(fetchOf(cut)))).toHaveLength(ascii.length);
    expect(messagesOf(await byUs(fetchOf(Buffer.alloc(0))))).toEqual([]);
  });

  it('refuses an unknown codec as kafkajs does', async () => {
    const bytes = await batchOf(ascii);
    bytes.writeInt16BE(3, 21); // lz4
    await expect(byUs(fetchOf(bytes))).rejects.toMatchObject({ name: 'KafkaJSNotImplemented' });
  });
});
