import type { HeldJob } from '../lease/held-jobs.js';

/** What one bounded piece of a long job came to, counted as its progress is. */
export interface Step {
  readonly done: number;
  readonly failed: number;
}

/** A long job in pieces, each short enough to be waited for when the process has to go. */
export interface SteppedWork {
  readonly type: string;
  /** How much there is to do in all; null when nobody knows. */
  total(job: HeldJob): number | null;
  /** The pieces, one after the other. May begin from the start again: each leaves nothing half done. */
  steps(job: HeldJob): AsyncIterable<Step>;
}
