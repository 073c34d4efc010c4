import { BadValue, type Variable, variable } from './variable.js';

/** Any text that is not empty. */
export function text(name: string): Variable<string> {
  return variable(name, (value) => value);
}

/** A decimal integer between min and max, both included. */
export function int(name: string, range: { min?: number; max?: number } = {}): Variable<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = range;
  return variable(name, (value) => {
    const number = /^-?\d{1,16}$/.test(value) ? Number(value) : NaN;
    if (Number.isNaN(number)) throw new BadValue('is not an integer');
    if (number < min || number > max) throw new BadValue(`is not between ${min} and ${max}`);
    return number;
  });
}

/** A TCP port; 0 lets the system choose one. */
export function port(name: string): Variable<number> {
  return int(name, { min: 0, max: 65535 });
}

/** `true`, `1`, `yes`, `on` or `false`, `0`, `no`, `off`. */
export function bool(name: string): Variable<boolean> {
  return variable(name, (value) => {
    if (/^(true|1|yes|on)$/i.test(value)) return true;
    if (/^(false|0|no|off)$/i.test(value)) return false;
    throw new BadValue('is neither true nor false');
  });
}

/** An absolute URL, kept as text without a trailing slash; `protocols` such as ['http:', 'https:']. */
export function url(name: string, protocols?: readonly string[]): Variable<string> {
  return variable(name, (value) => {
    if (!URL.canParse(value)) throw new BadValue('is not a URL');
    const { protocol } = new URL(value);
    if (protocols && !protocols.includes(protocol))
      throw new BadValue(`is not a URL with ${protocols.join(' or ')}`);
    return value.replace(/\/+$/, '');
  });
}

/** One of the words given. */
export function oneOf<const T extends string>(name: string, words: readonly T[]): Variable<T> {
  return variable(name, (value) => {
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw new BadValue(`is not one of ${words.join(', ')}`);
    return word;
  });
}

/** Comma-separated words, trimmed; at least one. */
export function list(name: string): Variable<readonly string[]> {
  return variable(name, (value) => {
    const words = value.split(',').map((word) => word.trim());
    if (words.some((word) => word === '')) throw new BadValue('has an empty entry');
    return words;
  });
}

/** JSON text; `parse` checks the value and gives the result, and throws {@link BadValue}. */
export function json<T>(name: string, parse: (value: unknown) => T): Variable<T> {
  return variable(name, (value) => parse(parseJson(value)));
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    // The parser's own message quotes the text, which may be a secret.
    throw new BadValue('is not JSON');
  }
}

/** Base64 text (standard alphabet); with `bytes`, exactly that many bytes. Kept as text. */
export function base64(name: string, { bytes }: { bytes?: number } = {}): Variable<string> {
  return variable(name, (value) => {
    const decoded = Buffer.from(value, 'base64');
    if (decoded.toString('base64') !== value) throw new BadValue('is not base64');
    if (bytes !== undefined && decoded.length !== bytes)
      throw new BadValue(`is not base64 of ${bytes} bytes`);
    return value;
  });
}
