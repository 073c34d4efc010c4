/**
 * The smallest figure that at least `percent` of all do not exceed (nearest rank).
 * @throws RangeError without any figure
 */
export function percentile(figures: readonly number[], percent: number): number {
  if (figures.length === 0) throw new RangeError('no figures');
  const sorted = [...figures].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[Math.min(rank, sorted.length) - 1];
}
