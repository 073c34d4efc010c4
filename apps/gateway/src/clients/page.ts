/** One page of a tier's list. */
export interface Page<T> {
  readonly data: readonly T[];
  /** There are more rows in the direction of paging. */
  readonly has_more: boolean;
}
