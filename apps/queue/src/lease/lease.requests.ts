import { bodySchema } from '@penguinmails/http';
import { outcomeKinds } from '../job/outcome.js';
import type { FinishResult } from '../finish/finish-result.js';

/** Most jobs of one lease, heartbeat or finish request. */
export const MAX_JOBS = 500;

/** Longest wait for work that a request may ask for, in milliseconds. */
export const MAX_WAIT_MS = 2000;

/** Longest wait that a worker may ask for when it snoozes a job: a day. */
const MAX_RETRY_AFTER_MS = 86_400_000;

const uuid = { type: 'string', format: 'uuid', maxLength: 36 } as const;
const workerId = { type: 'string', pattern: '^[A-Za-z0-9._:-]{1,100}$', maxLength: 100 } as const;
const time = { type: 'string', format: 'date-time', pattern: 'Z$', maxLength: 30 } as const;

const object = (properties: Record<string, unknown>, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});
const list = (items: unknown, maxItems: number) => ({
  type: 'array',
  minItems: 1,
  maxItems,
  items,
});
const nullable = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });

export interface LeaseRequest {
  readonly worker_id: string;
  /** Types this worker has handlers for. */
  readonly types: readonly string[];
  readonly max: number;
  /** How long to wait for the first job, 0 to {@link MAX_WAIT_MS}. */
  readonly wait_ms: number;
}

export const leaseRequest = bodySchema<LeaseRequest>(
  object({
    worker_id: workerId,
    types: {
      ...list({ type: 'string', pattern: '^[a-z][a-z0-9_]{0,49}$' }, 50),
      uniqueItems: true,
    },
    max: { type: 'integer', minimum: 1, maximum: MAX_JOBS },
    wait_ms: { type: 'integer', minimum: 0, maximum: MAX_WAIT_MS },
  }),
);

export interface HeartbeatRequest {
  readonly worker_id: string;
  readonly leases: readonly {
    readonly lease_token: string;
    readonly jobs: readonly { readonly tenant_id: string; readonly id: string }[];
  }[];
}

export const heartbeatRequest = bodySchema<HeartbeatRequest>(
  object({
    worker_id: workerId,
    leases: list(
      object({
        lease_token: uuid,
        jobs: list(object({ tenant_id: uuid, id: uuid }), MAX_JOBS),
      }),
      MAX_JOBS,
    ),
  }),
);

export interface FinishRequest {
  readonly worker_id: string;
  readonly results: readonly FinishResult[];
}

/** Codes as delivery.recorded takes them: what comes in here goes out there. */
export const finishRequest = bodySchema<FinishRequest>(
  object({
    worker_id: workerId,
    results: list(
      object(
        {
          tenant_id: uuid,
          job_id: uuid,
          lease_token: uuid,
          kind: { enum: outcomeKinds },
          code: nullable({ type: 'integer', minimum: 100, maximum: 999 }),
          enhanced_code: nullable({
            type: 'string',
            pattern: '^[245]\\.[0-9]{1,3}\\.[0-9]{1,3}$',
            maxLength: 9,
          }),
          error_code: nullable({ type: 'string', pattern: '^[a-z][a-z0-9_]*$', maxLength: 64 }),
          reply: nullable({ type: 'string', maxLength: 2000 }),
          unknown_policy: { enum: ['retry_once', 'park'] },
          retry_after_ms: { type: 'integer', minimum: 0, maximum: MAX_RETRY_AFTER_MS },
          started_at: time,
          finished_at: time,
        },
        ['unknown_policy', 'retry_after_ms'],
      ),
      MAX_JOBS,
    ),
  }),
);
