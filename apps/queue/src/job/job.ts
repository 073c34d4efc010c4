/** Every state a job can be seen in. Hot rows store pending (scheduled, ready) or running. */
export const jobStatuses = [
  'scheduled',
  'ready',
  'running',
  'completed',
  'dead',
  'cancelled',
  'expired',
] as const;
export type JobStatus = (typeof jobStatuses)[number];

/** What can happen to a job. */
export type JobMove =
  | 'fall_due'
  | 'claim'
  | 'complete'
  | 'retry'
  | 'return'
  | 'snooze'
  | 'lose_lease'
  | 'bury'
  | 'cancel'
  | 'expire';

/** A move that the state of the job does not allow; slug `illegal-job-move`. */
export class IllegalJobMove extends Error {
  override readonly name = 'IllegalJobMove';
  readonly slug = 'illegal-job-move';

  constructor(
    readonly status: JobStatus,
    readonly move: JobMove,
  ) {
    super(`a job that is ${status} cannot ${move.replace('_', ' ')}`);
  }
}

/**
 * The state after a move (picture: docs/job-states.md).
 * @throws IllegalJobMove when the state does not allow it; no move leaves an end state
 */
export function nextStatus(status: JobStatus, move: JobMove): JobStatus {
  switch (status) {
    case 'scheduled':
      return waitingMove(status, move, 'fall_due', 'ready');
    case 'ready':
      return waitingMove(status, move, 'claim', 'running');
    case 'running':
      return runningMove(move);
    default:
      throw new IllegalJobMove(status, move);
  }
}

function waitingMove(
  status: JobStatus,
  move: JobMove,
  expected: JobMove,
  next: JobStatus,
): JobStatus {
  if (move === 'cancel') return 'cancelled';
  if (move === 'expire') return 'expired';
  if (move !== expected) throw new IllegalJobMove(status, move);
  return next;
}

function runningMove(move: JobMove): JobStatus {
  switch (move) {
    case 'complete':
      return 'completed';
    case 'retry':
    case 'snooze':
      return 'scheduled';
    case 'return':
    case 'lose_lease':
      return 'ready';
    case 'bury':
      return 'dead';
    case 'cancel':
      return 'cancelled';
    default:
      throw new IllegalJobMove('running', move);
  }
}

/** What a hot row stores: scheduled and ready are told apart by scheduled_at alone. */
export type StoredStatus = 'pending' | 'running';

/** The state that a hot row is seen in at `now`; both times from the database's clock. */
export function statusOf(row: { status: StoredStatus; scheduledAt: Date }, now: Date): JobStatus {
  if (row.status === 'running') return 'running';
  return row.scheduledAt > now ? 'scheduled' : 'ready';
}
