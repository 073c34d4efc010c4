import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { notFound } from '@penguinmails/http/problem';
import { type BindingLimit, bindingLimit } from './binding-limit.js';
import { bornAfter } from './born-after.js';
import { HoldingFactsRepository } from './holding-facts.repository.js';
import { type JobDetails, jobResource } from './job-resource.js';
import { JobRepository, type JobRow } from './job.repository.js';

/** Finds a job of the tenant, waiting, running or finished. */
@Injectable()
export class GetJob {
  constructor(
    private readonly database: TenantDatabase,
    private readonly jobs: JobRepository,
    private readonly holding: HoldingFactsRepository,
  ) {}

  /** @throws Problem 404 also for a job of another tenant */
  async execute(tenantId: string, id: string): Promise<JobDetails> {
    const row = await this.database.once(
      tenantId,
      (tx) => this.jobs.find(tx, id, bornAfter([id])),
      { readOnly: true },
    );
    if (!row) throw notFound();
    return { ...jobResource(row), limited_by: await this.limitOf(tenantId, row) };
  }

  /** One that does not wait, or waits for its own time alone, needs no second look. */
  private async limitOf(tenantId: string, row: JobRow): Promise<BindingLimit | null> {
    const { status, scheduledAt, putOffBy, now } = row;
    if (status !== 'pending' || (scheduledAt > now && putOffBy === null)) return null;
    const facts = await this.database.transaction(tenantId, (tx) => this.holding.read(tx, row), {
      readOnly: true,
    });
    return bindingLimit({ scheduledAt, putOffBy }, facts);
  }
}
