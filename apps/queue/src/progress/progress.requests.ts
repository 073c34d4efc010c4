import { bodySchema } from '@penguinmails/http';

/** How far a running job is, in whatever units its handler counts. */
export interface Progress {
  readonly done: number;
  /** null: nobody knows yet. */
  readonly total: number | null;
  readonly failed: number;
}

export interface ProgressRequest {
  readonly tenant_id: string;
  readonly job_id: string;
  readonly lease_token: string;
  readonly progress: Progress;
}

const uuid = { type: 'string', format: 'uuid', maxLength: 36 } as const;
const count = { type: 'integer', minimum: 0, maximum: 1_000_000_000_000 } as const;

export const progressRequest = bodySchema<ProgressRequest>({
  type: 'object',
  properties: {
    tenant_id: uuid,
    job_id: uuid,
    lease_token: uuid,
    progress: {
      type: 'object',
      properties: { done: count, total: { anyOf: [count, { type: 'null' }] }, failed: count },
      required: ['done', 'total', 'failed'],
      additionalProperties: false,
    },
  },
  required: ['tenant_id', 'job_id', 'lease_token', 'progress'],
  additionalProperties: false,
});
