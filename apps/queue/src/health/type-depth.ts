/** How much of one job type there is. Age in seconds of the job that is due for longest. */
export interface TypeDepth {
  readonly type: string;
  readonly scheduled: number;
  readonly ready: number;
  readonly running: number;
  readonly dead: number;
  readonly oldestReadyAge: number;
}
