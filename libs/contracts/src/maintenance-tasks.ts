/**
 * What the job type `maintenance` has queue tidy up, in this order: rows past their time, and a look at
 * what keeps vacuum from working.
 */
export const maintenanceTasks = [
  'dead_letters',
  'dedupe_keys',
  'rate_buckets',
  'job_groups',
  'vacuum_watch',
] as const;

export type MaintenanceTask = (typeof maintenanceTasks)[number];
