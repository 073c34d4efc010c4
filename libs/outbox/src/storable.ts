const MAX_HEADERS = 50;
const MAX_HEADER_LENGTH = 1024;

/** PostgreSQL stores no NUL, in text or jsonb. */
export function isStorable(text: string): boolean {
  return !text.includes('\0');
}

/** The headers of a foreign record that fit into a row; all that we ever write do. */
export function storableHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const fitting = Object.entries(headers).filter(
    ([name, value]) => isStorable(name) && isStorable(value) && value.length <= MAX_HEADER_LENGTH,
  );
  return Object.fromEntries(fitting.slice(0, MAX_HEADERS));
}
