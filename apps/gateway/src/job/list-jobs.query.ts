import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsNotEmpty, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { PageQuery } from '../page/page.query.js';
import { Must } from '../request/must.js';
import { isTime } from '../request/time-text.js';
import { type JobStatus, jobStatuses } from './job.schema.js';

const TIME = 'must be an RFC 3339 time';

/** What a job type is called. */
export const JOB_TYPE = /^[a-z][a-z0-9_]{0,49}$/;

/** Query of `GET /v1/jobs`. */
export class ListJobsQuery extends PageQuery {
  @ApiPropertyOptional({
    type: String,
    maxLength: 512,
    description: 'Pages back, towards newer jobs.',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(512)
  before?: string;

  @ApiPropertyOptional({ type: String, pattern: JOB_TYPE.source, example: 'send_email' })
  @IsOptional()
  @Matches(JOB_TYPE)
  type?: string;

  @ApiPropertyOptional({ enum: jobStatuses })
  @IsOptional()
  @IsIn(jobStatuses)
  status?: JobStatus;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @Must('invalid_time', isTime, TIME)
  created_after?: string;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  @IsOptional()
  @Must('invalid_time', isTime, TIME)
  created_before?: string;
}
