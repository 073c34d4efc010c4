/** False for half a surrogate pair: UTF-8 cannot carry it, so it would be stored as something else. */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}
