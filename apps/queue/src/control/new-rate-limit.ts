/** How much of a tenant's work may start. null: unlimited. */
export interface NewRateLimit {
  readonly per_minute: number | null;
  readonly per_day: number | null;
  /** The n-th entry caps the n-th day, from the first (UTC) on. */
  readonly warmup: { readonly started_on: string; readonly curve: readonly number[] } | null;
}
