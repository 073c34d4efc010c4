import { Inject, Injectable } from '@nestjs/common';
import { Database, SystemDatabase } from '@penguinmails/database';
import { LaneDirectory } from '../lane/lane-directory.js';
import { LaneLook } from '../lane/lane-look.js';
import { ReadyJobs } from '../lease/ready-jobs.js';
import { BatchLaneSystemRepository } from './batch-lane.system.repository.js';

/** The lanes of batches that this process knows of: apart from those of jobs, claimed apart. */
@Injectable()
export class BatchDirectory extends LaneDirectory {
  constructor() {
    super();
  }
}

/** Looks for lanes of batches. */
@Injectable()
export class BatchLook extends LaneLook {
  constructor(
    database: SystemDatabase,
    @Inject(BatchLaneSystemRepository) repository: BatchLaneSystemRepository,
    directory: BatchDirectory,
  ) {
    super(database, repository, directory);
  }
}

/** Where requests for batches wait. */
@Injectable()
export class ReadyBatches extends ReadyJobs {
  protected override readonly channelName = 'penguinmails_queue_batches';

  constructor(database: Database, directory: BatchDirectory, laneLook: BatchLook) {
    super(database, directory, laneLook);
  }
}
