import { Injectable } from '@nestjs/common';
import { pageSize } from '@penguinmails/http';
import type { Call } from '../access/current-call.js';
import { JobClient } from '../clients/job.client.js';
import { pick } from '../compose/pick.js';
import { Cursors } from '../page/cursors.js';
import { parseTime } from '../request/time-text.js';
import { JOB_SUMMARY_FIELDS, type JobList } from './job.schema.js';
import type { ListJobsQuery } from './list-jobs.query.js';

/** One page of the jobs of a tenant, or of the platform. */
@Injectable()
export class ListJobs {
  constructor(
    private readonly jobs: JobClient,
    private readonly cursors: Cursors,
  ) {}

  /** @throws Problem 400 `invalid_cursor`, 503 */
  async execute(call: Call, query: ListJobsQuery): Promise<JobList> {
    const scope = { tenantId: call.caller.tenantId, resource: 'jobs' };
    const { data, next } = await this.jobs.list(call, {
      limit: pageSize(query.limit),
      ...this.cursors.keyset(scope, query),
      type: query.type,
      status: query.status,
      created_after: parseTime(query.created_after)?.toISOString(),
      created_before: parseTime(query.created_before)?.toISOString(),
    });
    const page = data.map((job) => pick(job, JOB_SUMMARY_FIELDS));
    return this.cursors.envelopeTo('/v1/jobs', scope, page, next);
  }
}
