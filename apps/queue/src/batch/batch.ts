/** Every state a batch can be seen in; it has no status column: running is having a lease. */
export type BatchStatus = 'scheduled' | 'ready' | 'running' | 'completed' | 'dead' | 'cancelled';

/** How a batch leaves the hot table. */
export type BatchEndStatus = Extract<BatchStatus, 'completed' | 'dead' | 'cancelled'>;

/** What can happen to a batch. `checkpoint`: some recipients have their outcome. */
export type BatchMove =
  | 'fall_due'
  | 'claim'
  | 'checkpoint'
  | 'give_back'
  | 'put_off'
  | 'lose_lease'
  | 'complete'
  | 'bury'
  | 'cancel';

/** A move that the state of the batch does not allow; slug `illegal-batch-move`. */
export class IllegalBatchMove extends Error {
  override readonly name = 'IllegalBatchMove';
  readonly slug = 'illegal-batch-move';

  constructor(
    readonly status: BatchStatus,
    readonly move: BatchMove,
  ) {
    super(`a batch that is ${status} cannot ${move.replace('_', ' ')}`);
  }
}

/**
 * The state after a move (picture: docs/job-states.md).
 * @throws IllegalBatchMove when the state does not allow it; no move leaves an end state
 */
export function nextBatchStatus(status: BatchStatus, move: BatchMove): BatchStatus {
  switch (status) {
    case 'scheduled':
      return waitingMove(status, move, 'fall_due', 'ready');
    case 'ready':
      return waitingMove(status, move, 'claim', 'running');
    case 'running':
      return runningMove(move);
    default:
      throw new IllegalBatchMove(status, move);
  }
}

function waitingMove(
  status: BatchStatus,
  move: BatchMove,
  expected: BatchMove,
  next: BatchStatus,
): BatchStatus {
  if (move === 'cancel') return 'cancelled';
  if (move !== expected) throw new IllegalBatchMove(status, move);
  return next;
}

function runningMove(move: BatchMove): BatchStatus {
  switch (move) {
    case 'checkpoint':
      return 'running';
    case 'give_back':
    case 'lose_lease':
      return 'ready';
    case 'put_off':
      return 'scheduled';
    case 'complete':
      return 'completed';
    case 'bury':
      return 'dead';
    default:
      throw new IllegalBatchMove('running', move);
  }
}
