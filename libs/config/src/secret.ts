import { inspect } from 'node:util';

const MASK = '[secret]';

/**
 * A value that must not be printed. Every way of turning it into text (String, JSON, util.inspect,
 * template literals) gives `[secret]`; only {@link Secret.reveal} gives the value.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it where the value is used, never to store or log it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
