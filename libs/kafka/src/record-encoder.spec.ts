import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { encodeRecord, installRecordEncoder, type RecordToEncode } from './record-encoder.js';

// kafkajs' own encoder is the oracle.
const require = createRequire(import.meta.url);
const RECORD = 'kafkajs/src/protocol/recordBatch/record/v0';
const byKafkajs = require(RECORD) as typeof encodeRecord;

const long = 'x'.repeat(70_000);
const headers = { ce_id: '01a20667-1754-70cd-baf7-f338595f56e0', 'content-type': 'x', empty: '' };

const RECORDS: [string, RecordToEncode][] = [
  ['a plain one', { key: 'k', value: '{"a":1}', headers }],
  ['no headers, first of its batch', { offsetDelta: 0, timestampDelta: 0, key: 'k', value: 'v' }],
  ['a tombstone', { key: 'k', value: null, headers: {} }],
  ['no key', { key: null, value: 'v' }],
  ['other scripts', { key: 'ключ', value: '漢字 😀', headers: { größe: 'é', b: '\ud800' } }],
  ['bytes', { key: Buffer.from([0, 255]), value: Buffer.from(long) }],
  ['lengths of two, three and more bytes', { key: 'k'.repeat(64), value: long, headers: { long } }],
  ['large deltas', { offsetDelta: 99_999, timestampDelta: 2 ** 30 - 1, key: 'k', value: 'v' }],
  ['deltas that are left to kafkajs', { timestampDelta: 2 ** 40, key: 'k', value: 'v', headers }],
  ['a negative delta', { timestampDelta: -5, key: 'k', value: 'v', headers }],
  ['headers of bytes', { key: 'k', value: 'v', headers: { a: Buffer.from('1'), b: 'two' } }],
  ['headers of several values', { key: 'k', value: 'v', headers: { a: ['1', 'two'] } }],
];

describe('encodeRecord', () => {
  it.each(RECORDS)('writes the same bytes as kafkajs: %s', (_, record) => {
    expect(encodeRecord(record).buffer.equals(byKafkajs(record).buffer)).toBe(true);
  });

  it('is what requests of kafkajs are made with', async () => {
    installRecordEncoder();
    installRecordEncoder();
    expect(require(RECORD)).toBe(encodeRecord);
    const produce = require('kafkajs/src/protocol/requests/produce/v7/request') as (of: object) => {
      encode(): Promise<{ buffer: Buffer }>;
    };
    const messages = [{ key: 'k', value: 'v', headers }];
    const topicData = [{ topic: 't', partitions: [{ partition: 0, messages }] }];
    const { buffer } = await produce({ acks: -1, timeout: 1, topicData }).encode();
    expect(buffer.includes(encodeRecord(messages[0]).buffer)).toBe(true);
  });
});
