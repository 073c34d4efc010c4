/** Bytes of one answer to `contents:fetch`, as JSON with files in base64. */
export const ANSWER_LIMIT_BYTES = 32 * 1024 * 1024;

/** Keys, names and punctuation of one content. */
const OVERHEAD_BYTES = 1024;

/** Decides which contents still fit into one answer; the rest is asked for again. */
export class AnswerBudget {
  #left: number;
  #taken = 0;

  constructor(limitBytes = ANSWER_LIMIT_BYTES) {
    this.#left = limitBytes;
  }

  /**
   * @param rawBytes bodies and files before encoding; base64 and escapes add about a third
   * @returns whether it fits; the first one always does, or it could never be fetched
   */
  take(rawBytes: number): boolean {
    const encoded = Math.ceil((rawBytes * 4) / 3) + OVERHEAD_BYTES;
    if (encoded > this.#left && this.#taken > 0) return false;
    this.#left -= encoded;
    this.#taken += 1;
    return true;
  }
}
