/** How a figure is shown and judged. */
export interface FigureRow {
  /** Name in a measurement. */
  readonly name: string;
  readonly title: string;
  readonly better: 'more' | 'less';
  /** What the product's engine has to reach (queue.md, "Figures"). */
  readonly goal?: number;
  /** Zero is what it should be: there is nothing to compare. */
  readonly counted?: true;
}

/** The rows of the table. */
export const figureRows: readonly FigureRow[] = [
  { name: 'drain_c1', title: 'drain, concurrency 1, jobs/s', better: 'more' },
  { name: 'drain_c10', title: 'drain, concurrency 10, jobs/s', better: 'more', goal: 40_000 },
  { name: 'drain_c50', title: 'drain, concurrency 50, jobs/s', better: 'more' },
  { name: 'drain_c10_db_us', title: '… database CPU, µs/job', better: 'less', goal: 30 },
  { name: 'drain_c10_client_us', title: '… CPU of the process, µs/job', better: 'less' },
  { name: 'drain_c10_wal_bytes', title: '… WAL, bytes/job', better: 'less' },
  { name: 'add_one', title: 'add one at a time, jobs/s', better: 'more', goal: 2_500 },
  { name: 'add_one_db_us', title: '… database CPU, µs/job', better: 'less' },
  { name: 'add_16', title: 'add, 16 in flight, jobs/s', better: 'more', goal: 8_000 },
  { name: 'add_bulk', title: 'add, calls of 1,000, jobs/s', better: 'more', goal: 90_000 },
  { name: 'latency_p50', title: 'latency, idle queue, p50, ms', better: 'less', goal: 2.5 },
  { name: 'latency_p95', title: '… p95, ms', better: 'less' },
  { name: 'latency_p99', title: '… p99, ms', better: 'less', goal: 6 },
  { name: 'pending_few', title: 'drain before a small backlog, jobs/s', better: 'more' },
  { name: 'pending_few_db_us', title: '… database CPU, µs/job', better: 'less' },
  { name: 'pending_many', title: 'drain before a large backlog, jobs/s', better: 'more' },
  { name: 'pending_many_db_us', title: '… database CPU, µs/job', better: 'less' },
  { name: 'pending_ratio', title: '… large to small', better: 'more', goal: 0.85 },
  { name: 'fairness_seconds', title: "tenant B's 100 jobs behind A's, s", better: 'less', goal: 5 },
  {
    name: 'fairness_left',
    title: "… B's jobs left when patience ended",
    better: 'less',
    goal: 0,
    counted: true,
  },
  { name: 'finished_none', title: 'drain, no history, jobs/s', better: 'more' },
  { name: 'finished_none_db_us', title: '… database CPU, µs/job', better: 'less' },
  { name: 'finished_many', title: 'drain beside a large history, jobs/s', better: 'more' },
  { name: 'finished_many_db_us', title: '… database CPU, µs/job', better: 'less' },
  { name: 'finished_ratio', title: '… beside to without', better: 'more', goal: 0.85 },
  { name: 'snapshot_clean', title: 'long drain, jobs/s', better: 'more' },
  { name: 'snapshot_clean_db_us', title: '… database CPU, µs/job', better: 'less' },
  { name: 'snapshot_held', title: 'long drain, old snapshot held, jobs/s', better: 'more' },
  { name: 'snapshot_held_db_us', title: '… database CPU, µs/job', better: 'less' },
  { name: 'snapshot_ratio', title: '… held to clean', better: 'more', goal: 0.9 },
  {
    name: 'idle_transactions',
    title: 'ten idle workers, transactions/min',
    better: 'less',
    goal: 130,
  },
  { name: 'idle_db_ms', title: '… database CPU, ms/min', better: 'less' },
  { name: 'idle_client_ms', title: '… CPU of the process, ms/min', better: 'less' },
  { name: 'drain_duplicates', title: 'jobs handled twice', better: 'less', goal: 0, counted: true },
];
