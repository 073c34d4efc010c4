/** No control characters, no half of a surrogate pair: what one line of a header can carry. */
const LINE = /^[^\p{Cc}\p{Surrogate}]*$/u;

/** True for one line of `min` to `max` characters. The length comes first, so the pattern stays cheap. */
export function isLine(value: unknown, min: number, max: number): value is string {
  return (
    typeof value === 'string' && value.length >= min && value.length <= max && LINE.test(value)
  );
}
