import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import type { Caller } from '@penguinmails/http';
import { notFound } from '@penguinmails/http/problem';
import { AuditLog } from '../audit/audit-log.js';
import { DeadLetterRepository } from './dead-letter.repository.js';
import { ReadDeadLetters } from './read-dead-letters.js';

/** Removes a dead letter for good: its job cannot be redriven any more. */
@Injectable()
export class DiscardDeadLetter {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly reading: ReadDeadLetters,
    private readonly letters: DeadLetterRepository,
    private readonly audit: AuditLog,
  ) {}

  /** @throws Problem 404, also when somebody else discarded it meanwhile */
  async execute(caller: Caller, id: string): Promise<void> {
    const { tenant_id: tenantId, job_id: jobId, type, error_code } = await this.reading.find(id);
    const discarded = await this.tenants.once(tenantId, (tx) => this.letters.discard(tx, id));
    if (!discarded) throw notFound();
    this.audit.note(caller, 'dead letter discarded', { id, tenantId, jobId, type, error_code });
  }
}
