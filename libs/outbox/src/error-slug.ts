import { sqlState } from '@penguinmails/database';

/** A short name for an error that may be stored and sent: its SQLSTATE or class, never its words. */
export function errorSlug(error: unknown): string {
  const state = sqlState(error);
  if (state) return `sqlstate_${state.toLowerCase()}`;
  if (!(error instanceof Error)) return 'not_an_error';
  const words = error.name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return words.replace(/[^a-z0-9]+/g, '_').slice(0, 64) || 'error';
}
