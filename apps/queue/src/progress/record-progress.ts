import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import type { ProgressRequest } from './progress.requests.js';
import { ProgressSystemRepository } from './progress.system.repository.js';

/** What a worker learns when it says how far it is. */
export interface ProgressAnswer {
  /** False: somebody else has or had the job meanwhile, and nothing was recorded. */
  readonly held: boolean;
  /** True: stop, and report it as cancelled. */
  readonly cancelled: boolean;
}

/** Keeps how far a job is, while it is held under the token of whoever says so. */
@Injectable()
export class RecordProgress {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: ProgressSystemRepository,
  ) {}

  async execute(request: ProgressRequest): Promise<ProgressAnswer> {
    const cancelled = await this.database.once((tx) => this.repository.record(tx, request));
    return { held: cancelled !== undefined, cancelled: cancelled ?? false };
  }
}
