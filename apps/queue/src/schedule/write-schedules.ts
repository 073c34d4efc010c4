import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type JobType, newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { SystemDatabase } from '@penguinmails/database';
import { JobTypes } from '../job-type/job-types.js';
import { nextTime } from './cron-times.js';
import { type PlatformSchedule, ScheduleSystemRepository } from './schedule.system.repository.js';

/** Writes the schedules that the contracts declare at every start; they belong to the platform. */
@Injectable()
export class WriteSchedules implements OnModuleInit {
  constructor(
    private readonly database: SystemDatabase,
    private readonly types: JobTypes,
    private readonly repository: ScheduleSystemRepository,
  ) {}

  async onModuleInit(): Promise<void> {
    const schedules = this.declared(new Date());
    await this.database.once((tx) => this.repository.write(tx, schedules));
  }

  private declared(now: Date): PlatformSchedule[] {
    return this.types.all().flatMap(({ type, schedule }) =>
      schedule
        ? [
            {
              tenantId: PLATFORM_TENANT_ID,
              id: newId(),
              name: type,
              type: type as JobType,
              ...schedule,
              nextRunAt: nextTime(schedule, now),
            },
          ]
        : [],
    );
  }
}
