import type { SystemDatabase } from './system-database.js';

const DAYS_AHEAD = 8;
const HOUR_MS = 3_600_000;
/** The partition functions wait 2 s for a lock and give up: soon again, then with patience. */
const RETRY_MS = 30_000;

/**
 * Keeps the time partitions of a tier: makes those of the next days at start and every hour, drops
 * those past their retention. Runs in every replica; an advisory lock in the functions orders them.
 */
export class PartitionTimer {
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();
  private stopped = true;

  constructor(
    private readonly database: SystemDatabase,
    private readonly onProblem: (problem: Error) => void,
  ) {}

  start(): void {
    this.stopped = false;
    this.running = this.round();
  }

  /** Waits for a running round. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async round(): Promise<void> {
    const next = await this.keep().then(
      () => HOUR_MS,
      (error: unknown) => {
        this.onProblem(error instanceof Error ? error : new Error(String(error)));
        return RETRY_MS;
      },
    );
    if (this.stopped) return;
    this.timer = setTimeout(() => (this.running = this.round()), next);
    this.timer.unref();
  }

  /** One round; each table in a transaction of its own, so that its locks are short. */
  async keep(): Promise<void> {
    await this.database.once((tx) => tx.query('SELECT ensure_partitions($1)', [DAYS_AHEAD]));
    const { rows } = await this.database.once((tx) =>
      tx.query<{ parent: string }>(
        'SELECT parent FROM partitioned_tables WHERE retention IS NOT NULL ORDER BY parent',
      ),
    );
    for (const { parent } of rows) {
      await this.database.once((tx) =>
        tx.query(
          `SELECT drop_partitions(parent, now() - retention) FROM partitioned_tables
           WHERE parent = $1`,
          [parent],
        ),
      );
    }
  }
}
