import type { JobResult } from '../../../../apps/worker/dist/clients/queue.client.js';

/** How a job of the suite goes; it stands in the job's payload. */
export interface JobPlan {
  /** Milliseconds of work. */
  readonly work_ms: number;
  /** Worked on beside the quick ones. */
  readonly slow: boolean;
  /** The first so many tries are deferred. */
  readonly defers: number;
  readonly ends: 'delivered' | 'bounced';
  /** It kills the process that begins it. */
  readonly poison: boolean;
}

/** How this try of the job ends. */
export function kindOf(plan: JobPlan, attempt: number): JobResult['kind'] {
  return attempt <= plan.defers ? 'deferred' : plan.ends;
}

export const planOf = (payload: Readonly<Record<string, unknown>>): JobPlan =>
  payload['plan'] as JobPlan;
