import { Injectable, type OnModuleInit } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { JobTypeSystemRepository } from './job-type.system.repository.js';
import { JobTypes } from './job-types.js';

/** Writes what the contracts declare to job_types at every start. */
@Injectable()
export class WriteJobTypes implements OnModuleInit {
  constructor(
    private readonly database: SystemDatabase,
    private readonly types: JobTypes,
    private readonly repository: JobTypeSystemRepository,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.database.once((tx) => this.repository.write(tx, this.types.all()));
  }
}
