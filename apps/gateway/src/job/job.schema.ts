import { ApiProperty } from '@nestjs/swagger';
import { Count, Id, Kind, ListOf, nullable, OneOf, Text, Time } from '../openapi/fields.js';
import { ListFields } from '../page/list-fields.js';

export const jobStatuses = [
  'scheduled',
  'ready',
  'running',
  'completed',
  'dead',
  'cancelled',
  'expired',
] as const;
export type JobStatus = (typeof jobStatuses)[number];

export const limitNames = [
  'paused_type',
  'paused_tenant',
  'paused_mailbox',
  'mailbox_per_minute',
  'mailbox_per_day',
  'mailbox_warmup',
  'tenant_per_minute',
  'tenant_per_day',
  'recipient_domain',
] as const;

/** What keeps a job waiting whose time has come. */
export class JobLimit {
  @OneOf(limitNames) limit: (typeof limitNames)[number];

  @Time({ ...nullable, description: 'Null: until somebody resumes it.' }) until: string | null;
}

/** A job as it stands in lists. */
export class JobSummary {
  @Kind('job') object: 'job';
  @Id({ description: 'The job that sends an e-mail has the id of the e-mail.' }) id: string;
  @Text() type: string;
  @OneOf(jobStatuses) status: JobStatus;
  @ApiProperty({ type: 'integer' }) priority: number;
  @Count() attempts: number;
  @Count() max_attempts: number;
  @Time() scheduled_at: string;
  @Time(nullable) started_at: string | null;
  @Time(nullable) completed_at: string | null;

  @Time({ ...nullable, description: 'When it is no longer worth running, while it waits.' })
  expires_at: string | null;

  @Time({ ...nullable, description: 'Since when it shall stop, while it runs.' })
  cancel_requested_at: string | null;

  @Text(nullable) last_error_code: string | null;
  @Time() created_at: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, ...nullable })
  progress: Readonly<Record<string, number>> | null;

  @Id({ ...nullable, description: 'The dead job that this one repeats.' })
  redriven_from: string | null;
}

export class Job extends JobSummary {
  @ApiProperty({ type: () => JobLimit, ...nullable })
  limited_by: JobLimit | null;
}

export class JobList extends ListFields {
  @ListOf(() => JobSummary) data: readonly JobSummary[];
}

export const JOB_SUMMARY_FIELDS = [
  'object',
  'id',
  'type',
  'status',
  'priority',
  'attempts',
  'max_attempts',
  'scheduled_at',
  'started_at',
  'completed_at',
  'expires_at',
  'cancel_requested_at',
  'last_error_code',
  'created_at',
  'progress',
  'redriven_from',
] as const satisfies readonly (keyof JobSummary)[];

export const JOB_FIELDS = [...JOB_SUMMARY_FIELDS, 'limited_by'] as const;
