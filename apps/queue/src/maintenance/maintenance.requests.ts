import { type MaintenanceTask, maintenanceTasks } from '@penguinmails/contracts';
import { bodySchema } from '@penguinmails/http';

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
