/**
 * What Node.js is started with for every process of the product, and for whatever is measured beside one.
 * V8 shrinks its space for new objects to what is alive whenever little was allocated for a moment, which a
 * server that waits for its next batch always is: it collects more often then, and takes fresh pages from the
 * kernel after each collection (ADR 30).
 */
export const nodeFlags: readonly string[] = [
  '--lazy-new-space-shrinking',
  '--disable-warning=TimeoutNegativeWarning', // kafkajs 2.2.4 on Node 24
];
