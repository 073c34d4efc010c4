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
  readonly isAscii: boolean;
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
    const { records, isAscii } = this.batchContext;
    const reader = new VarintReader(records, this.at);
    const text = isAscii ? records.toString('latin1', this.at, this.end) : null;
    const key = this.#text(reader, text);
    const value = text === null ? this.#bytes(reader) : this.#text(reader, text);
    return { key, value, headers: this.#headers(reader, text) };
  }

  #headers(reader: VarintReader, text: string | null): Record<string, string> {
    const headers: Record<string, string> = {};
    const count = reader.varint();
    for (let place = 0; place < count; place += 1) {
      const name = this.#text(reader, text, names, place);
      const value = this.#text(reader, text, values, place);
      if (name !== null && value !== null && !Object.hasOwn(headers, name)) headers[name] = value;
    }
    return headers;
  }

  /** @param text the record from its key on; null when it must be decoded from UTF-8 */
  #text(
    reader: VarintReader,
    text: string | null,
    known?: RepeatedTexts,
    place = 0,
  ): string | null {
    const length = reader.varint();
    if (length < 0) return null;
    const from = reader.at;
    reader.at += length;
    if (text === null) return this.batchContext.records.toString('utf8', from, from + length);
    const start = from - this.at;
    return known?.at(place, text, start, length) ?? text.substring(start, start + length);
  }

  #bytes(reader: VarintReader): Buffer | null {
    const length = reader.varint();
    if (length < 0) return null;
    reader.at += length;
    return this.batchContext.records.subarray(reader.at - length, reader.at);
  }
}
