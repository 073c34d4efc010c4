import { MAX_GRANT_LENGTH, bodySchema } from '@penguinmails/http';

/** What a worker holds under one lease. */
const MAX_BATCH = 500;
const MAX_GRANTS = 500;
const MAX_ATTEMPT = 10_000;

const uuid = { type: 'string', format: 'uuid', maxLength: 36 } as const;
const required = (properties: Record<string, object>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

export interface BeginAttemptsRequest {
  /** Of all tenants whose e-mails are named. */
  readonly grants: readonly string[];
  readonly items: readonly {
    readonly tenant_id: string;
    readonly email_id: string;
    readonly attempt: number;
  }[];
}

export const beginAttemptsRequest = bodySchema<BeginAttemptsRequest>(
  required({
    grants: {
      type: 'array',
      maxItems: MAX_GRANTS,
      items: { type: 'string', maxLength: MAX_GRANT_LENGTH },
    },
    items: {
      type: 'array',
      maxItems: MAX_BATCH,
      items: required({
        tenant_id: uuid,
        email_id: uuid,
        attempt: { type: 'integer', minimum: 1, maximum: MAX_ATTEMPT },
      }),
    },
  }),
);
