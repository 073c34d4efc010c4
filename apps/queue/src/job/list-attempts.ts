import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { bornAfter } from './born-after.js';
import { type AttemptRow, JobRepository } from './job.repository.js';

/** The finished tries of a job, oldest first; none for a job that was never tried or is unknown. */
@Injectable()
export class ListAttempts {
  constructor(
    private readonly database: TenantDatabase,
    private readonly jobs: JobRepository,
  ) {}

  execute(tenantId: string, id: string): Promise<AttemptRow[]> {
    return this.database.once(tenantId, (tx) => this.jobs.listAttempts(tx, id, bornAfter([id])), {
      readOnly: true,
    });
  }
}
