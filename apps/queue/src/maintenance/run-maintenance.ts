import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { counter, metrics } from '@penguinmails/observability';
import { EventWriter } from '@penguinmails/outbox';
import type { MaintenanceRequest } from './maintenance.requests.js';
import { RetentionSystemRepository, type RetentionTask } from './retention.system.repository.js';
import { vacuumAlarms } from './vacuum-alarm.js';
import { VacuumSystemRepository } from './vacuum.system.repository.js';

/** What one bounded piece came to. */
export interface MaintenanceAnswer {
  /** Rows removed, or alarms raised. */
  readonly done: number;
  /** There is more of the same. */
  readonly more: boolean;
}

/** Tidies up a bounded piece of the queue's database, in one short transaction. */
@Injectable()
export class RunMaintenance {
  constructor(
    private readonly database: SystemDatabase,
    private readonly retention: RetentionSystemRepository,
    private readonly vacuum: VacuumSystemRepository,
    private readonly events: EventWriter,
  ) {}

  async execute({ task, limit }: MaintenanceRequest): Promise<MaintenanceAnswer> {
    if (task === 'vacuum_watch')
      return { done: await this.database.transaction((tx) => this.watch(tx)), more: false };
    const done = await this.remove(task, limit);
    return { done, more: done === limit };
  }

  private async remove(task: RetentionTask, limit: number): Promise<number> {
    const removed = await this.database.once((tx) => this.retention.remove(tx, task, limit));
    counter(metrics.rowsRemoved).add(removed, { table: task });
    return removed;
  }

  private async watch(tx: SystemTransaction): Promise<number> {
    const alarms = vacuumAlarms(await this.vacuum.state(tx));
    if (alarms.length > 0) await this.events.write(tx, alarms);
    await this.vacuum.forgetMarks(tx);
    return alarms.length;
  }
}
