/** Bounds of an exponential back-off, in milliseconds. */
export interface BackoffBounds {
  firstMs: number;
  maxMs: number;
}

/**
 * Delay before try number `failures + 1`: doubles from firstMs to maxMs, then spread over the upper
 * half, so that replicas that failed together do not come back together.
 */
export function backoffMs(failures: number, { firstMs, maxMs }: BackoffBounds): number {
  const full = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), maxMs);
  return full / 2 + (Math.random() * full) / 2;
}
