const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const MAX_LENGTH = 40;

/**
 * The moment that an RFC 3339 date-time names, in UTC with milliseconds; null for anything else.
 * `Date.parse` alone takes other forms too, and rolls 30 February over into March.
 */
export function parseTime(text: unknown): Date | null {
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return null;
  const match = RFC3339.exec(text);
  if (!match || !isDay(Number(match[1]), Number(match[2]), Number(match[3]))) return null;
  const time = new Date(text.toUpperCase());
  return Number.isNaN(time.getTime()) ? null : time;
}

/** True for an RFC 3339 date-time. */
export function isTime(text: unknown): boolean {
  return parseTime(text) !== null;
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
