import { Injectable } from '@nestjs/common';
import { newId } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';
import type { BuriedJob } from '../job/job-end.js';
import type { BuriedRecipient, LeavingRecipient } from './recipient-job.js';

const LEAVE = `
INSERT INTO job_queue (tenant_id, id, job_type, payload, rate_key, domain_key, priority, attempts,
  max_attempts, unknown_outcomes, scheduled_at, last_error_code, error_message, group_id,
  correlation_id, traceparent)
SELECT r.tenant_id, r.id, r.job_type, r.payload, r.rate_key, r.domain_key, r.priority, r.attempts,
  r.max_attempts, r.unknown_outcomes, now() + r.delay * interval '1 second', r.error_code,
  r.error_message, r.group_id, r.correlation_id, r.traceparent
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::text[], $6::text[], $7::int[],
  $8::int[], $9::int[], $10::text[], $11::uuid[], $12::text[], $13::int[], $14::float8[],
  $15::text[], $16::text[])
  AS r(tenant_id, id, job_type, payload, rate_key, domain_key, priority, attempts, max_attempts,
    error_code, group_id, correlation_id, unknown_outcomes, delay, error_message, traceparent)`;

const BURY = `
INSERT INTO dead_letters (tenant_id, id, job_id, job_type, queue, payload, rate_key, domain_key,
  priority, outcome, error_code, attempts, max_attempts, lease_losses, tries, correlation_id,
  job_created_at, group_id)
SELECT r.tenant_id, r.letter_id, r.id, r.job_type, 'default', r.payload, r.rate_key, r.domain_key,
  r.priority, r.outcome, r.error_code, r.attempts, r.max_attempts, r.lease_losses, r.tries,
  r.correlation_id, r.born_at, r.group_id
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::text[], $6::text[], $7::int[],
  $8::int[], $9::int[], $10::text[], $11::uuid[], $12::text[], $13::text[], $14::int[],
  $15::jsonb[], $16::timestamptz[], $17::uuid[])
  AS r(tenant_id, id, job_type, payload, rate_key, domain_key, priority, attempts, max_attempts,
    error_code, group_id, correlation_id, outcome, lease_losses, tries, born_at, letter_id)`;

/** Recipients that leave their batch, over all tenants. */
@Injectable()
export class RecipientSystemRepository {
  /** From now on they are jobs of their own, ready after their delay. */
  async leave(tx: SystemTransaction, recipients: readonly LeavingRecipient[]): Promise<void> {
    if (recipients.length === 0) return;
    await tx.query(LEAVE, [
      ...columnsOf(recipients),
      recipients.map((each) => each.unknownOutcomes),
      recipients.map((each) => each.delaySeconds),
      recipients.map((each) => each.errorMessage),
      recipients.map((each) => each.traceparent),
    ]);
  }

  /** Each becomes a dead letter, to be redriven as a job of its own. */
  async bury(tx: SystemTransaction, recipients: readonly BuriedRecipient[]): Promise<BuriedJob[]> {
    if (recipients.length === 0) return [];
    await tx.query(BURY, [
      ...columnsOf(recipients),
      recipients.map((each) => each.outcome),
      recipients.map((each) => each.leaseLosses),
      recipients.map((each) => JSON.stringify(each.tries)),
      recipients.map((each) => each.bornAt),
      recipients.map(() => newId()),
    ]);
    return recipients.map(({ tenantId, jobId, type, errorCode }) => ({
      ...{ tenantId, jobId, type, errorCode },
    }));
  }
}

function columnsOf(recipients: readonly (LeavingRecipient | BuriedRecipient)[]): unknown[] {
  return [
    recipients.map((each) => each.tenantId),
    recipients.map((each) => each.jobId),
    recipients.map((each) => each.type),
    recipients.map((each) => JSON.stringify(each.payload)),
    recipients.map((each) => each.rateKey),
    recipients.map((each) => each.domainKey),
    recipients.map((each) => each.priority),
    recipients.map((each) => each.attempts),
    recipients.map((each) => each.maxAttempts),
    recipients.map((each) => each.errorCode),
    recipients.map((each) => each.groupId),
    recipients.map((each) => each.correlationId),
  ];
}
