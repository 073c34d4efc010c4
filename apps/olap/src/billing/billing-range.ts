import { badRequest } from '@penguinmails/http/problem';

/** Days `YYYY-MM-DD`, both included. */
export interface BillingRange {
  readonly from: string;
  readonly to: string;
}

const DEFAULT_MONTHS = 12;

/**
 * The months asked for: a day means its month. Default: the last twelve, this one included.
 * @throws Problem 400 `invalid_parameter` for a day that does not exist or a range that runs backwards
 */
export function billingRange(asked: Partial<BillingRange>, now: Date): BillingRange {
  const to = asked.to ?? now.toISOString().slice(0, 10);
  const from = firstOfMonth(asked.from ?? monthsBefore(to, DEFAULT_MONTHS - 1));
  for (const day of [from, to]) if (!isDay(day)) throw badRange(`${day} is not a day`);
  if (from > to) throw badRange('from is after to');
  return { from, to };
}

const firstOfMonth = (day: string) => `${day.slice(0, 7)}-01`;

function monthsBefore(day: string, months: number): string {
  const date = new Date(`${firstOfMonth(day)}T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() - months);
  return date.toISOString().slice(0, 10);
}

function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

function badRange(detail: string) {
  return badRequest('invalid_parameter', detail);
}
