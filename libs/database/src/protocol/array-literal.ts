/** A text in JSON that has another escape than that of a quote or of a backslash. */
const OTHER_ESCAPE = /(?<!\\)(?:\\\\)*\\[bfnrtu]/;

/**
 * The text of a flat array of texts, numbers, truth values and NULLs, as PostgreSQL reads it: that of
 * JSON, in braces. It is written at once, where node-postgres goes over every value with two regular
 * expressions. `undefined` where the two notations differ: the caller has to take the long way.
 */
export function plainArrayLiteral(values: readonly unknown[]): string | undefined {
  if (!values.every(isPlain)) return undefined;
  const json = JSON.stringify(values);
  if (json.includes('\\') && OTHER_ESCAPE.test(json)) return undefined;
  return `{${json.slice(1, -1)}}`;
}

function isPlain(value: unknown): boolean {
  if (typeof value === 'string' || typeof value === 'boolean') return true;
  return value === null || value === undefined || Number.isFinite(value);
}
