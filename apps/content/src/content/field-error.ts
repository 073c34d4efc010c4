/** One thing wrong with a request: where (JSON pointer, RFC 6901), which rule, in words. */
export interface FieldError {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}
