const MAX_PLACES = 32;
const MAX_LENGTH = 200;

/**
 * Texts that mostly repeat from record to record, by their place in it: names of headers, the type,
 * the source. One that is the same as last time is not made again.
 */
export class RepeatedTexts {
  readonly #last: string[] = [];

  /** The text of last time, if `length` characters from `start` on are the same. */
  at(place: number, all: string, start: number, length: number): string | undefined {
    const last = this.#last[place];
    return last?.length === length && all.startsWith(last, start) ? last : undefined;
  }

  remember(place: number, text: string): void {
    if (place < MAX_PLACES && text.length <= MAX_LENGTH) this.#last[place] = text;
  }
}
