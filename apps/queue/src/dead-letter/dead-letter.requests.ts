import { Transform } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsUUID,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { bodySchema } from '@penguinmails/http';
import { toInt } from '../job/job.requests.js';
import { type DeadLetterFilter, type DeadOutcome, deadOutcomes } from './dead-letter-filter.js';
import type { DeadLetterPage } from './dead-letter.system.repository.js';

/** Most letters that one request redrives. */
export const MAX_REDRIVEN = 500;

const PAGE = 100;
const SLUG = '^[a-z][a-z0-9_]*$';
const TYPE = new RegExp(SLUG);
const WORDS: Readonly<Record<string, boolean>> = { true: true, false: false };

/** Query of `GET /internal/dead-letters`. */
export class ListDeadLettersQuery {
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
  @IsUUID()
  tenant_id?: string;

  @IsOptional()
  @Matches(TYPE)
  type?: string;

  @IsOptional()
  @IsIn(deadOutcomes)
  outcome?: DeadOutcome;

  @IsOptional()
  @Matches(TYPE)
  error_code?: string;

  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  died_after?: string;

  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  died_before?: string;

  @IsOptional()
  @Transform(({ value }: { value: unknown }) => WORDS[String(value)] ?? value)
  @IsBoolean()
  redriven?: boolean;
}

/** The page that a query asks for. */
export function deadLetterPageOf(query: ListDeadLettersQuery): DeadLetterPage {
  const { limit, redriven, after_created_at: diedAt, after_id: id, ...filter } = query;
  const after = diedAt !== undefined && id !== undefined ? { diedAt, id } : undefined;
  return { limit, redriven, after, filter };
}

const uuid = { type: 'string', format: 'uuid', maxLength: 36 } as const;
const time = { type: 'string', format: 'date-time', pattern: 'Z$', maxLength: 30 } as const;
const slug = (maxLength: number) => ({ type: 'string', pattern: SLUG, maxLength });
const filter = {
  type: 'object',
  properties: {
    tenant_id: uuid,
    type: slug(50),
    outcome: { enum: deadOutcomes },
    error_code: slug(64),
    died_after: time,
    died_before: time,
    ids: { type: 'array', minItems: 1, maxItems: MAX_REDRIVEN, items: uuid },
  },
  additionalProperties: false,
};
const closed = (properties: Record<string, object>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

/** Body of `POST /internal/dead-letters:redrive`. */
export interface RedriveRequest {
  readonly filter: DeadLetterFilter;
  readonly limit: number;
}

export const redriveRequest = bodySchema<RedriveRequest>(
  closed({ filter, limit: { type: 'integer', minimum: 1, maximum: MAX_REDRIVEN } }),
);

/** Body of `POST /internal/dead-letters:preview`. */
export const previewRequest = bodySchema<{ readonly filter: DeadLetterFilter }>(closed({ filter }));

/** Body of `POST /internal/dead-letters:order_redrive`. */
export interface RedriveOrder {
  readonly filter: DeadLetterFilter;
  readonly idempotency_key: string | null;
}

export const redriveOrder = bodySchema<RedriveOrder>(
  closed({ filter, idempotency_key: { type: ['string', 'null'], minLength: 1, maxLength: 255 } }),
);
