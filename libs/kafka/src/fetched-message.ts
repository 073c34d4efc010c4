import { isAscii } from 'node:buffer';
import { RepeatedTexts } from './repeated-texts.js';
import { VarintReader } from './varint-reader.js';

/** What the records of one batch share. */
export interface RecordBatchFacts {
  readonly firstOffset: bigint;
  readonly firstTimestamp: bigint;
  /** Given by the broker for the whole batch; null when each record has its own. */
  readonly timestamp: bigint | null;
  readonly producerId: string;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  /** Unpacked. */
  readonly records: Buffer;
}

/** Key, value and headers of a record; of a header that comes several times, the first value. */
export interface RecordParts {
  key: string | null;
  /** A string when it is ASCII, as our own always are: it needs no decoding. */
  value: string | Buffer | null;
  headers: Record<string, string>;
}

const names = new RepeatedTexts();
const values = new RepeatedTexts();

/** A record of a fetch with the fields of kafkajs' KafkaMessage, decoded when they are read. */
export class FetchedMessage {
  readonly attributes = 0;
  readonly offset: string;

  /** @param at where the record's key begins; it ends before `end` */
  constructor(
    readonly batchContext: RecordBatchFacts,
    private readonly timestampDelta: number,
    offsetDelta: number,
    private readonly at: number,
    private readonly end: number,
  ) {
    this.offset = (batchContext.firstOffset + BigInt(offsetDelta)).toString();
  }

  get timestamp(): string {
    const { timestamp, firstTimestamp } = this.batchContext;
    return (timestamp ?? firstTimestamp + BigInt(this.timestampDelta)).toString();
  }

  get isControlRecord(): boolean {
    return this.batchContext.isControlBatch;
  }

  get key(): Buffer | null {
    return this.#bytes(new VarintReader(this.batchContext.records, this.at));
  }

  get value(): Buffer | null {
    const reader = new VarintReader(this.batchContext.records, this.at);
    this.#bytes(reader);
    return this.#bytes(reader);
  }

  get headers(): Record<string, Buffer> {
    const { headers } = this.parts();
    const entries = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]);
    return Object.fromEntries(entries) as Record<string, Buffer>;
  }

  parts(): RecordParts {
    const { records } = this.batchContext;
    const reader = new VarintReader(records, this.at);
    const record = records.toString('latin1', this.at, this.end);
    const key = this.#text(reader, record);
    const value = this.#value(reader, record);
    return { key, value, headers: this.#headers(reader, record) };
  }

  #value(reader: VarintReader, record: string): string | Buffer | null {
    const bytes = this.#bytes(reader);
    if (bytes === null || !isAscii(bytes)) return bytes;
    const end = reader.at - this.at;
    return record.substring(end - bytes.length, end);
  }

  #headers(reader: VarintReader, record: string): Record<string, string> {
    const headers: Record<string, string> = {};
    const count = reader.varint();
    for (let place = 0; place < count; place += 1) {
      const name = this.#text(reader, record, names, place);
      const value = this.#text(reader, record, values, place);
      if (name !== null && value !== null && !Object.hasOwn(headers, name)) headers[name] = value;
    }
    return headers;
  }

  /** @param record its bytes from the key on, each as one character */
  #text(reader: VarintReader, record: string, known?: RepeatedTexts, place = 0): string | null {
    const length = reader.varint();
    if (length < 0) return null;
    const start = reader.at - this.at;
    reader.at += length;
    const repeated = known?.at(place, record, start, length);
    if (repeated !== undefined) return repeated;
    const text = record.substring(start, start + length);
    if (!isAsciiText(text))
      return this.batchContext.records.toString('utf8', reader.at - length, reader.at);
    known?.remember(place, text);
    return text;
  }

  #bytes(reader: VarintReader): Buffer | null {
    const length = reader.varint();
    if (length < 0) return null;
    reader.at += length;
    return this.batchContext.records.subarray(reader.at - length, reader.at);
  }
}

function isAsciiText(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 127) return false;
  return true;
}
