const LONE_SURROGATE = /\p{Surrogate}/u;

/** False for half a surrogate pair: UTF-8 cannot carry it, so it would be stored as something else. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}
