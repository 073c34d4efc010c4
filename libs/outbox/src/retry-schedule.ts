/** When a parked event is tried again. */
export interface RetrySchedule {
  /** Before the first retry, in milliseconds; grows by the factor 2.5. */
  firstMs: number;
  maxMs: number;
  /** After so many failed retries the event goes to the dead letters. */
  tries: number;
}

/** 1 s, 2.5 s, 6 s … 1 h: ten retries in under two hours. */
export const RETRY_SCHEDULE: RetrySchedule = { firstMs: 1000, maxMs: 3_600_000, tries: 10 };

const FACTOR = 2.5;

/** Delay before the next retry after `failed` failed ones; null when that was the last. */
export function nextRetryMs(failed: number, schedule: RetrySchedule): number | null {
  if (failed >= schedule.tries) return null;
  return Math.min(schedule.firstMs * FACTOR ** failed, schedule.maxMs);
}
