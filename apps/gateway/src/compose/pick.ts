/** Exactly these fields of what a tier answered: what it adds tomorrow does not leak out. */
export function pick<T extends object, K extends keyof T>(
  source: T,
  fields: readonly K[],
): Pick<T, K> {
  return Object.fromEntries(fields.map((field) => [field, source[field]])) as Pick<T, K>;
}
