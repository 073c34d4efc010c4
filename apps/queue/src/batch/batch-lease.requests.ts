import { bodySchema } from '@penguinmails/http';
import { type BatchOutcome, batchOutcomes } from './batch-outcome.js';
import type { UnknownPolicy } from '../job/retry-policy.js';

/** Most batches of one request. */
export const MAX_BATCHES = 50;
/** Longest wait for work that a request may ask for, in milliseconds. */
const MAX_WAIT_MS = 2_000;
const MAX_RECIPIENTS = 500;

const uuid = { type: 'string', format: 'uuid', maxLength: 36 } as const;
/** The low 16 bits of a batch id are zero. */
const batchId = { ...uuid, pattern: '0000$' } as const;
const workerId = { type: 'string', pattern: '^[A-Za-z0-9._:-]{1,100}$', maxLength: 100 } as const;
const time = { type: 'string', format: 'date-time', pattern: 'Z$', maxLength: 30 } as const;
const ordinal = { type: 'integer', minimum: 0, maximum: MAX_RECIPIENTS - 1 } as const;

const object = (properties: Record<string, unknown>, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});
const list = (items: unknown, minItems: number, maxItems: number) => ({
  type: 'array',
  minItems,
  maxItems,
  items,
});
const nullable = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });

export interface BatchLeaseRequest {
  readonly worker_id: string;
  readonly types: readonly string[];
  readonly max: number;
  /** How long to wait for the first batch. */
  readonly wait_ms: number;
}

export const batchLeaseRequest = bodySchema<BatchLeaseRequest>(
  object({
    worker_id: workerId,
    types: {
      ...list({ type: 'string', pattern: '^[a-z][a-z0-9_]{0,49}$' }, 1, 50),
      uniqueItems: true,
    },
    max: { type: 'integer', minimum: 1, maximum: MAX_BATCHES },
    wait_ms: { type: 'integer', minimum: 0, maximum: MAX_WAIT_MS },
  }),
);

export interface BatchHeartbeatRequest {
  readonly worker_id: string;
  readonly leases: readonly {
    readonly lease_token: string;
    readonly batches: readonly { readonly tenant_id: string; readonly id: string }[];
  }[];
}

export const batchHeartbeatRequest = bodySchema<BatchHeartbeatRequest>(
  object({
    worker_id: workerId,
    leases: list(
      object({
        lease_token: uuid,
        batches: list(object({ tenant_id: uuid, id: batchId }), 1, MAX_BATCHES),
      }),
      1,
      MAX_BATCHES,
    ),
  }),
);

/** What is known of one try besides how it ended. Codes as SMTP gives them; times are the worker's. */
export interface RecipientDetail {
  readonly ordinal: number;
  readonly code: number | null;
  readonly enhanced_code: string | null;
  readonly error_code: string | null;
  readonly reply: string | null;
  /** Keyed hash of the recipient's domain. */
  readonly domain_key?: string;
  readonly started_at: string;
  readonly finished_at: string;
}

/** Outcomes of a run of ordinals of one batch. */
export interface BatchReport {
  readonly tenant_id: string;
  readonly batch_id: string;
  readonly lease_token: string;
  /** The ordinal of the first outcome. */
  readonly from: number;
  readonly outcomes: readonly BatchOutcome[];
  /** Of recipients that were deferred, failed or have an unknown outcome. */
  readonly details: readonly RecipientDetail[];
  /** The mailbox's policy for unknown outcomes; default: park. */
  readonly unknown_policy?: UnknownPolicy;
  /** Only when the lease ends: what remains of the batch waits so long. */
  readonly retry_after_ms?: number;
}

const report = {
  tenant_id: uuid,
  batch_id: batchId,
  lease_token: uuid,
  from: { type: 'integer', minimum: 0, maximum: MAX_RECIPIENTS },
  outcomes: list({ enum: batchOutcomes }, 0, MAX_RECIPIENTS),
  details: list(
    object(
      {
        ordinal,
        code: nullable({ type: 'integer', minimum: 100, maximum: 999 }),
        enhanced_code: nullable({
          type: 'string',
          pattern: '^[245]\\.[0-9]{1,3}\\.[0-9]{1,3}$',
          maxLength: 9,
        }),
        error_code: nullable({ type: 'string', pattern: '^[a-z][a-z0-9_]*$', maxLength: 64 }),
        reply: nullable({ type: 'string', maxLength: 2000 }),
        domain_key: { type: 'string', pattern: '^[0-9a-f]{8,64}$', maxLength: 64 },
        started_at: time,
        finished_at: time,
      },
      ['domain_key'],
    ),
    0,
    MAX_RECIPIENTS,
  ),
  unknown_policy: { enum: ['retry_once', 'park'] },
};

export interface BatchReportRequest {
  readonly worker_id: string;
  readonly reports: readonly BatchReport[];
}

export const checkpointRequest = bodySchema<BatchReportRequest>(
  object({
    worker_id: workerId,
    reports: list(object(report, ['unknown_policy']), 1, MAX_BATCHES),
  }),
);

export const batchFinishRequest = bodySchema<BatchReportRequest>(
  object({
    worker_id: workerId,
    reports: list(
      object({ ...report, retry_after_ms: { type: 'integer', minimum: 0, maximum: 600_000 } }, [
        'unknown_policy',
        'retry_after_ms',
      ]),
      1,
      MAX_BATCHES,
    ),
  }),
);
