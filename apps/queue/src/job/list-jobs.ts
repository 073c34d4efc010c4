import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { type JobFilter, rangesOf } from './job-list.js';
import { type JobLook, JobListRepository } from './job-list.repository.js';
import { type JobResource, jobResource } from './job-resource.js';

/** Where a list goes on. */
export interface Keyset {
  readonly created_at: Date;
  readonly id: string;
}

export interface JobPage {
  /** Newest first, whichever way was paged. */
  readonly data: readonly JobResource[];
  readonly has_more: boolean;
  /** Where the next page begins in the direction of paging; null: there is none. */
  readonly next: Keyset | null;
}

/** Lists the jobs of a tenant, waiting, running and finished together. */
@Injectable()
export class ListJobs {
  constructor(
    private readonly database: TenantDatabase,
    private readonly jobs: JobListRepository,
  ) {}

  /**
   * A page may have fewer jobs than asked for, even none, and still be followed by another: one
   * request looks at a bounded number of jobs, of which few may fit the filter.
   */
  async execute(tenantId: string, filter: JobFilter): Promise<JobPage> {
    return pageOf(await this.look(tenantId, filter), filter);
  }

  private async look(tenantId: string, filter: JobFilter): Promise<JobLook> {
    const [first, ...rest] = rangesOf(filter, new Date());
    let look = await this.lookIn(tenantId, filter, first);
    for (const range of rest) {
      if (look.stoppedAt !== null || look.rows.length > filter.limit) return look;
      look = await this.lookIn(tenantId, filter, range);
    }
    return look;
  }

  private lookIn(
    tenantId: string,
    filter: JobFilter,
    range: ReturnType<typeof rangesOf>[number],
  ): Promise<JobLook> {
    return this.database.once(tenantId, (tx) => this.jobs.look(tx, filter, range), {
      readOnly: true,
    });
  }
}

function pageOf({ rows, stoppedAt }: JobLook, { limit, before }: JobFilter): JobPage {
  const page = rows.slice(0, limit);
  const edge = rows.length > limit ? page.at(-1)! : stoppedAt;
  const data = page.map(jobResource);
  if (before !== undefined) data.reverse();
  const next = edge && { created_at: edge.createdAt, id: edge.id };
  return { data, has_more: next !== null, next };
}
