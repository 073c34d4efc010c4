const MAX_PLACES = 32;
const MAX_LENGTH = 200;

/**
 * Texts that mostly repeat from record to record, by their place in it: names of headers, the type,
 * the source. One that is the same as last time is not made again.
 */
export class RepeatedTexts {
  readonly #last: string[] = [];

  /** The text if it is the one of last time; else it is remembered as such, and undefined. */
  at(place: number, all: string, start: number, length: number): string | undefined {
    const last = this.#last[place];
    if (last !== undefined && last.length === length && all.startsWith(last, start)) return last;
    if (place < MAX_PLACES && length <= MAX_LENGTH) {
      this.#last[place] = all.substring(start, start + length);
    }
    return undefined;
  }
}
