/** How much of one type of jobs, or of batches in recipients, there is. Age in seconds of what is due for longest. */
export interface TypeDepth {
  readonly type: string;
  readonly scheduled: number;
  readonly ready: number;
  readonly running: number;
  readonly dead: number;
  readonly oldestReadyAge: number;
}
