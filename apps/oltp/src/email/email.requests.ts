import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { IdempotencyClaimRequest } from '../idempotency/idempotency.requests.js';
import { type EmailStatus, emailStatuses } from './email.js';

/** A UUIDv7 whose low 16 bits have their top bit set. */
export const EMAIL_ID =
  /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{8}[89a-f][0-9a-f]{3}$/;
export const STORAGE_KEY = /^cnt_[A-Za-z0-9_-]{22}$/;
export const NO_CONTROLS = /^\P{Cc}*$/u;
export const MAX_SIZE_BYTES = 1_073_741_824;
export const MAX_ADDRESS = 254;
export const MAX_SUBJECT = 998;
const PAGE = 100;

const toInt = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;

export class TagRequest {
  @Length(1, 256)
  @Matches(NO_CONTROLS)
  name: string;

  @MaxLength(256)
  @Matches(NO_CONTROLS)
  value: string;
}

export class AcceptEmailRequest {
  @Matches(EMAIL_ID)
  id: string;

  @Matches(STORAGE_KEY)
  storage_key: string;

  @IsString()
  @MaxLength(MAX_ADDRESS)
  from: string;

  @IsString()
  @MaxLength(MAX_ADDRESS)
  to: string;

  @MaxLength(MAX_SUBJECT)
  @Matches(NO_CONTROLS)
  subject: string;

  @ValidateIf((_request, value) => value !== null)
  @IsString()
  @MaxLength(MAX_ADDRESS)
  reply_to: string | null;

  @IsArray()
  @ArrayMaxSize(10)
  @ValidateNested({ each: true })
  @Type(() => TagRequest)
  tags: TagRequest[];

  @ValidateIf((_request, value) => value !== null)
  @IsISO8601({ strict: true, strictSeparator: true })
  scheduled_at: string | null;

  @IsInt()
  @Min(0)
  @Max(MAX_SIZE_BYTES)
  size_bytes: number;

  @IsOptional()
  @ValidateNested()
  @Type(() => IdempotencyClaimRequest)
  idempotency?: IdempotencyClaimRequest;
}

/** Either both parts of a keyset or none: {@link keysetOf}. */
export class ListEmailsQuery {
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
  @IsIn(emailStatuses)
  status?: EmailStatus;

  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  created_after?: string;

  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  created_before?: string;
}
