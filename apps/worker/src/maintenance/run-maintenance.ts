import { maintenanceTasks } from '@penguinmails/contracts';
import type { MaintenanceStep, QueueClient } from '../clients/queue.client.js';
import type { Step, SteppedWork } from '../stepped/stepped-work.js';

/** Rows of one step: far less than the time that a call may take. */
const STEP_ROWS = 1_000;

/** Job type `maintenance`: has the queue tidy up, a bounded piece at a time. */
export class RunMaintenance implements SteppedWork {
  readonly type = 'maintenance';

  constructor(private readonly queue: Pick<QueueClient, 'maintain'>) {}

  /** Nobody counts what is old before it is removed. */
  total(): null {
    return null;
  }

  async *steps(): AsyncIterable<Step> {
    for (const task of maintenanceTasks) {
      let step: MaintenanceStep;
      do {
        step = await this.queue.maintain(task, STEP_ROWS);
        yield { done: step.done, failed: 0 };
      } while (step.more);
    }
  }
}
