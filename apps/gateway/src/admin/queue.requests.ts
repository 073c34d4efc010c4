import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsObject,
  IsOptional,
  IsUUID,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { PageQuery } from '../page/page.query.js';
import { isLine } from '../request/line-text.js';
import { Must } from '../request/must.js';
import { isTime } from '../request/time-text.js';

const MAX_REASON = 200;
const MAX_COUNT = 2_000_000_000;
const MAX_DAYS = 365;

const Reason = (): PropertyDecorator => (target, key) => {
  ApiPropertyOptional({ type: String, nullable: true, maxLength: MAX_REASON })(target, key);
  IsOptional()(target, key);
  Must(
    'invalid_reason',
    (value) => isLine(value, 1, MAX_REASON),
    `must be 1 to ${MAX_REASON} characters of text`,
  )(target, key);
};

const Limit = (): PropertyDecorator => (target, key) => {
  const range = { type: 'integer', minimum: 1, maximum: MAX_COUNT, nullable: true } as const;
  ApiPropertyOptional({ ...range, example: 600 })(target, key);
  for (const rule of [IsOptional(), IsInt(), Min(1), Max(MAX_COUNT)]) rule(target, key);
};

/** Body of `POST /v1/admin/queues/{type}/pause`. */
export class PauseQueueRequest {
  @Reason() reason?: string | null;
}

/** Body of `POST /v1/admin/queue-pauses`. */
export class PauseTenantRequest {
  @ApiProperty({ type: String, format: 'uuid' })
  @IsUUID()
  tenant_id: string;

  @ApiPropertyOptional({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'One mailbox of the tenant; without it the whole tenant.',
  })
  @IsOptional()
  @IsUUID()
  mailbox_id?: string | null;

  @Reason() reason?: string | null;
}

/** Query of `DELETE /v1/admin/queue-pauses/{tenant_id}`. */
export class ResumeTenantQuery {
  @ApiPropertyOptional({ type: String, format: 'uuid', description: 'Default: the tenant itself.' })
  @IsOptional()
  @IsUUID()
  mailbox_id?: string;
}

/** Query of `GET /v1/admin/queue-pauses` and `GET /v1/admin/queue-limits`. */
export class ListOfTenantQuery extends PageQuery {
  @ApiPropertyOptional({ type: String, format: 'uuid', description: 'Default: all tenants.' })
  @IsOptional()
  @IsUUID()
  tenant_id?: string;
}

export class WarmupRequest {
  @ApiProperty({ type: String, format: 'date' })
  @Must('invalid_day', (value) => isTime(`${String(value)}T00:00:00Z`), 'must be a day')
  started_on: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'integer', minimum: 1 },
    minItems: 1,
    maxItems: MAX_DAYS,
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_DAYS)
  @IsInt({ each: true })
  @Min(1, { each: true })
  @Max(MAX_COUNT, { each: true })
  curve: number[];
}

/** Body of `PUT /v1/admin/queue-limits/{tenant_id}/{limit_key}`. What is absent is unlimited. */
export class SetLimitRequest {
  @Limit() per_minute?: number | null;
  @Limit() per_day?: number | null;

  @ApiPropertyOptional({ type: () => WarmupRequest, nullable: true })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => WarmupRequest)
  warmup?: WarmupRequest | null;
}
