/** What a round of the clock finds to do for others. */
export interface Due {
  /** Jobs that have waited too long. */
  readonly expiries: boolean;
  readonly schedules: boolean;
}

/** What a replica finds that does not lead. */
export const nothingDue: Due = { expiries: false, schedules: false };
