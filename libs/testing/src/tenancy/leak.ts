/** A probe that got through. */
export interface Leak {
  /** Number in reference/tenancy.md, section 7. */
  readonly probe: number;
  readonly what: string;
}
