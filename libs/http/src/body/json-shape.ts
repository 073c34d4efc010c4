/** Deepest nesting of a JSON body; deeper ones blow the stack of what handles them afterwards. */
export const MAX_JSON_DEPTH = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Whether JSON text nests deeper than `max`, found in one pass over the bytes and before anything is
 * built: JSON.parse accepts 200,000 levels. Texts are skipped by a native search, so a 25 MB
 * attachment costs little. Says nothing about whether the text is JSON.
 */
export function isDeeperThan(json: Buffer, max: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfText(json, at);
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) depth += 1;
    else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth -= 1;
    if (depth > max) return true;
  }
  return false;
}

/** The index of the quote that ends the text starting at `start`; the length when none does. */
function endOfText(json: Buffer, start: number): number {
  let end = json.indexOf(QUOTE, start + 1);
  while (end !== -1 && isEscaped(json, end)) end = json.indexOf(QUOTE, end + 1);
  return end === -1 ? json.length : end;
}

/** A quote is part of the text when an odd number of backslashes stands before it. */
function isEscaped(json: Buffer, quote: number): boolean {
  let at = quote - 1;
  while (json[at] === BACKSLASH) at -= 1;
  return (quote - at) % 2 === 0;
}

/** Longest array that a body may hold anywhere; validating longer ones costs seconds. */
export const MAX_ARRAY_LENGTH = 1000;

/** What {@link findBadShape} found, and where (JSON pointer). */
export interface BadShape {
  readonly pointer: string;
  readonly code: 'array_too_long' | 'unknown_field';
}

/**
 * The first array longer than 1000, or the first key that every object has anyway (`constructor`,
 * `toString`), which class-transformer would drop without a word; undefined when there is neither.
 */
export function findBadShape(value: unknown): BadShape | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Array.isArray(value) ? badShapeInArray(value) : badShapeInObject(value);
}

function badShapeInArray(items: readonly unknown[]): BadShape | undefined {
  if (items.length > MAX_ARRAY_LENGTH) return { pointer: '', code: 'array_too_long' };
  for (let at = 0; at < items.length; at += 1) {
    const found = findBadShape(items[at]);
    if (found) return below(String(at), found);
  }
  return undefined;
}

function badShapeInObject(value: object): BadShape | undefined {
  for (const key of Object.keys(value)) {
    if (isInherited(key)) return below(key, { pointer: '', code: 'unknown_field' });
    const found = findBadShape(value[key as keyof typeof value]);
    if (found) return below(key, found);
  }
  return undefined;
}

/** Pointers are put together on the way back, where there is something to point at. */
function below(key: string, { pointer, code }: BadShape): BadShape {
  return { pointer: `/${escapePointer(key)}${pointer}`, code };
}

function isInherited(key: string): boolean {
  return key in Object.prototype || key === 'prototype';
}

/** One step of a JSON pointer (RFC 6901). */
export function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
