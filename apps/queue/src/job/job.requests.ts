import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsISO8601, IsOptional, IsUUID, Matches, Max, Min } from 'class-validator';
import { bodySchema } from '@penguinmails/http';
import { badRequest } from '@penguinmails/http/problem';
import type { JobFilter } from './job-list.js';
import { type JobStatus, jobStatuses } from './job.js';

const PAGE = 100;
const TYPE = /^[a-z][a-z0-9_]{0,49}$/;

/** A whole number as text; anything else stays and fails the check. */
export const toInt = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;

/** Query of `GET /internal/jobs`. */
export class ListJobsQuery {
  @IsOptional()
  @Transform(toInt)
  @IsInt()
  @Min(1)
  @Max(PAGE)
  limit = 25;

  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  after_created_at?: string;

  @IsOptional()
  @IsUUID()
  after_id?: string;

  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  before_created_at?: string;

  @IsOptional()
  @IsUUID()
  before_id?: string;

  @IsOptional()
  @Matches(TYPE)
  type?: string;

  @IsOptional()
  @IsIn(jobStatuses)
  status?: JobStatus;

  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  created_after?: string;

  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  created_before?: string;
}

/** @throws Problem 400 `invalid_parameter` for both directions at once */
export function jobFilterOf(query: ListJobsQuery): JobFilter {
  if (query.after_id !== undefined && query.before_id !== undefined)
    throw badRequest('invalid_parameter', 'A page begins either after or before a row.');
  return {
    limit: query.limit,
    after: query.after_id?.toLowerCase(),
    before: query.before_id?.toLowerCase(),
    type: query.type,
    status: query.status,
    createdAfter: dateOf(query.created_after),
    createdBefore: dateOf(query.created_before),
  };
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}

/** Body of `POST /internal/jobs/{id}/retry`. */
export interface RetryRequest {
  /** The request carries an Idempotency-Key: its first answer may have been lost. */
  readonly may_be_repeated: boolean;
}

export const retryRequest = bodySchema<RetryRequest>({
  type: 'object',
  properties: { may_be_repeated: { type: 'boolean' } },
  required: ['may_be_repeated'],
  additionalProperties: false,
});
