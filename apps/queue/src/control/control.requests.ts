import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsUUID, Length, Max, Min } from 'class-validator';
import { bodySchema } from '@penguinmails/http';
import { toInt } from '../job/job.requests.js';
import type { NewRateLimit } from './new-rate-limit.js';

/** A keyset along (tenant, key): both or none. */
export class TenantRowsQuery {
  @IsOptional()
  @Transform(toInt)
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 25;

  @IsOptional()
  @IsUUID()
  tenant_id?: string;

  @IsOptional()
  @IsUUID()
  after_tenant_id?: string;

  @IsOptional()
  @Length(0, 150)
  after_key?: string;
}

/** The row after which a page begins. */
export interface TenantRowPosition {
  readonly tenantId: string;
  readonly key: string;
}

export function positionOf(query: TenantRowsQuery): TenantRowPosition | null {
  const { after_tenant_id: tenantId, after_key: key } = query;
  return tenantId !== undefined && key !== undefined ? { tenantId, key } : null;
}

const uuid = { type: 'string', format: 'uuid', maxLength: 36 } as const;
const reason = { type: ['string', 'null'], maxLength: 200 } as const;
const count = { type: ['integer', 'null'], minimum: 1, maximum: 2_000_000_000 } as const;
const closed = (properties: Record<string, object>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

/** Body of `POST /internal/queues/{type}/pause`. */
export interface PauseTypeRequest {
  readonly reason: string | null;
}
export const pauseTypeRequest = bodySchema<PauseTypeRequest>(closed({ reason }));

/** Body of `POST /internal/queue-pauses`. Without a mailbox: the whole tenant. */
export interface PauseLaneRequest {
  readonly tenant_id: string;
  readonly mailbox_id: string | null;
  readonly reason: string | null;
}
export const pauseLaneRequest = bodySchema<PauseLaneRequest>(
  closed({ tenant_id: uuid, mailbox_id: { anyOf: [uuid, { type: 'null' }] }, reason }),
);

/** Body of `PUT /internal/queue-limits/{tenant_id}/{limit_key}`. */
export const rateLimitRequest = bodySchema<NewRateLimit>({
  ...closed({
    per_minute: count,
    per_day: count,
    warmup: {
      anyOf: [
        { type: 'null' },
        closed({
          started_on: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$', maxLength: 10 },
          curve: {
            type: 'array',
            minItems: 1,
            maxItems: 365,
            items: { ...count, type: 'integer' },
          },
        }),
      ],
    },
  }),
});

/** Query of `DELETE /internal/queue-pauses/{tenant_id}`. */
export class ResumeLaneQuery {
  @IsOptional()
  @IsUUID()
  mailbox_id?: string;
}
