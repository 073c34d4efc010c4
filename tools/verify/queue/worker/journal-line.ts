/**
 * What a worker noted. `at`: milliseconds of the machine's monotonic clock, the same for all
 * processes, whatever their wall clock says.
 */
export type JournalLine = {
  readonly worker: string;
  readonly pid: number;
  readonly at: number;
  readonly job: string;
  readonly tenant: string;
  readonly lease: string;
} & (
  | {
      /** On the disk before the work begins. */
      readonly event: 'begin';
      /** Number of the try. */
      readonly attempt: number;
    }
  | { readonly event: 'end'; readonly kind: string }
  /** What the queue made of the report. */
  | { readonly event: 'answer'; readonly kind: string; readonly accepted: boolean }
);

/** Milliseconds of CLOCK_MONOTONIC. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
