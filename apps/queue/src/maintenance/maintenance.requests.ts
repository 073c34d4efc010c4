import { bodySchema } from '@penguinmails/http';

/** What can be tidied up: rows past their time, and a look at what keeps vacuum from working. */
export const maintenanceTasks = [
  'dead_letters',
  'dedupe_keys',
  'rate_buckets',
  'job_groups',
  'vacuum_watch',
] as const;
export type MaintenanceTask = (typeof maintenanceTasks)[number];

export interface MaintenanceRequest {
  readonly task: MaintenanceTask;
  /** Most rows of this piece. */
  readonly limit: number;
}

export const maintenanceRequest = bodySchema<MaintenanceRequest>({
  type: 'object',
  properties: {
    task: { enum: maintenanceTasks },
    limit: { type: 'integer', minimum: 1, maximum: 5_000 },
  },
  required: ['task', 'limit'],
  additionalProperties: false,
});
