const ANSWERS = [
  'KafkaJSProtocolError',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
];

/**
 * Whether a send failed because a broker answered with an error about these records or their topic
 * (too large, no such topic, no leader yet), and not because no broker answers at all.
 */
export function brokerAnswered(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (ANSWERS.includes(current.name)) return true;
  }
  return false;
}
