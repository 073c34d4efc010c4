const MORE = 0x80;
const BITS = 7;

/** Reads Kafka's zigzag varints up to 2^53; beyond the end of the bytes everything is 0. */
export class VarintReader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  varint(): number {
    const first = this.#bytes[this.at++];
    if (first < MORE) return (first >>> 1) ^ -(first & 1);
    return first === undefined ? 0 : this.#long(first - MORE);
  }

  #long(lowest: number): number {
    let value = lowest;
    let factor = 1 << BITS;
    let byte: number;
    do {
      byte = this.#bytes[this.at++] ?? 0;
      value += (byte & (MORE - 1)) * factor;
      factor *= 1 << BITS;
    } while (byte >= MORE);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
