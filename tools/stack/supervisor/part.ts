/** How one process is started. */
export interface Command {
  file: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
}

/** One process of the stack: a database cluster, Kafka, the SMTP sink or an app. */
export interface Part {
  readonly name: string;
  /** Stop order: the highest first (apps 3, SMTP sink 2, Kafka 1, databases 0). */
  readonly order: number;
  readonly stopSignal: NodeJS.Signals;
  /** After this long a stop becomes SIGKILL. */
  readonly stopWithinMs: number;
  readonly readyWithinMs: number;
  /** Runs before every start, also after a crash: clears what a dead process left. */
  prepare(): Promise<Command>;
  /** Settles once it serves; rejects when it does not yet. Asked again until `readyWithinMs`. */
  probe(): Promise<void>;
  /** Runs after an orderly stop only: not after a crash, not after SIGKILL. */
  ended?(): Promise<void>;
}

export type PartState =
  'stopped' | 'starting' | 'ready' | 'paused' | 'waiting' | 'stopping' | 'dead';

export interface PartStatus {
  name: string;
  state: PartState;
  pid: number | null;
  restarts: number;
  /** ISO 8601; when the present process became ready. */
  ready_since: string | null;
  /** How its last process ended: `exit 0`, or the signal's name. */
  last_end: string | null;
}
