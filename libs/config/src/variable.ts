import { Secret } from './secret.js';

/** What a parser throws: says what is wrong with a value without repeating the value. */
export class BadValue extends Error {}

type Parse<T> = (text: string) => T;
interface Settings<T> {
  readonly parse: Parse<T>;
  readonly required: boolean;
  readonly fallback?: T;
}

/** One environment variable: its name, how its text becomes a T, and whether it may be absent. */
export class Variable<T> {
  constructor(
    readonly name: string,
    private readonly settings: Settings<T>,
  ) {}

  /** The value is kept as a {@link Secret} of the text as it was given, after it was checked. */
  secret(): Variable<Secret> {
    const { parse, required } = this.settings;
    const parseSecret = (text: string): Secret => {
      parse(text);
      return new Secret(text);
    };
    return new Variable<Secret>(this.name, { parse: parseSecret, required });
  }

  /** Absent or empty gives undefined. */
  optional(): Variable<T | undefined> {
    return new Variable<T | undefined>(this.name, { parse: this.settings.parse, required: false });
  }

  /** Absent or empty gives `value`. */
  default(value: T): Variable<T> {
    return new Variable(this.name, { ...this.settings, required: false, fallback: value });
  }

  /**
   * @throws BadValue when the variable is required and absent, or its text does not parse. An empty
   * text counts as absent, as a shell or a Helm chart leaves it.
   */
  read(env: Environment): T {
    const text = env[this.name];
    if (text !== undefined && text !== '') return this.settings.parse(text);
    if (this.settings.required) throw new BadValue('is not set');
    return this.settings.fallback as T;
  }
}

/** The shape of process.env. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A required variable with a parser of its own; `parse` throws {@link BadValue}. */
export function variable<T>(name: string, parse: Parse<T>): Variable<T> {
  return new Variable(name, { parse, required: true });
}
