const CODEC_MISSING = /^(Snappy|LZ4|ZSTD) compression not implemented$/;

/**
 * A slug for why a consumer ended, for health details: `unknown_codec` for a batch that kafkajs
 * cannot unpack, else the class of the error. Never its words.
 */
export function failureReason(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (CODEC_MISSING.test(current.message)) return 'unknown_codec';
  }
  if (!(error instanceof Error)) return 'unknown';
  const words = error.name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return words.replace(/[^a-z0-9]+/g, '_');
}
