const FATAL_TO_KAFKAJS = [TypeError, RangeError, ReferenceError, SyntaxError];

/**
 * kafkajs takes a TypeError, RangeError, ReferenceError or SyntaxError out of a handler (so every
 * failed JSON.parse) for a bug of its own and stops the consumer for good. Wrapped into a plain
 * Error it is retried like any other.
 */
export function survivable(error: unknown): unknown {
  const fatal = FATAL_TO_KAFKAJS.some((type) => error instanceof type);
  return fatal ? new Error('slice failed', { cause: error }) : error;
}
