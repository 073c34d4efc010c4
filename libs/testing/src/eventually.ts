export interface EventuallyOptions {
  /** Default 10 s. */
  readonly timeoutMs?: number;
  /** Default 25 ms. */
  readonly intervalMs?: number;
}

/**
 * Calls `check` until it neither throws nor returns false, and gives its result; at the time-out
 * throws with the last failure as cause.
 */
export declare function eventually<T>(
  check: () => T | Promise<T>,
  options?: EventuallyOptions,
): Promise<Exclude<T, false>>;
