import { ApiProperty } from '@nestjs/swagger';
import { Count, Id, Kind, nullable, OneOf, Text, Time } from '../openapi/fields.js';

export const jobStatuses = [
  'scheduled',
  'ready',
  'running',
  'completed',
  'dead',
  'cancelled',
] as const;

export class Job {
  @Kind('job') object: 'job';
  @Id({ description: 'The job that sends an e-mail has the id of the e-mail.' }) id: string;
  @Text() type: string;
  @OneOf(jobStatuses) status: (typeof jobStatuses)[number];
  @ApiProperty({ type: 'integer' }) priority: number;
  @Count() attempts: number;
  @Count() max_attempts: number;
  @Time() scheduled_at: string;
  @Time(nullable) started_at: string | null;
  @Time(nullable) completed_at: string | null;
  @Text(nullable) last_error_code: string | null;
  @Time() created_at: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, ...nullable })
  progress: Readonly<Record<string, number>> | null;
}

export const JOB_FIELDS = [
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
  'last_error_code',
  'created_at',
  'progress',
] as const satisfies readonly (keyof Job)[];
