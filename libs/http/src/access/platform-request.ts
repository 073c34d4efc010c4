import type { Context } from '@penguinmails/observability';
import type { FastifyRequest } from 'fastify';
import type { RequestBudget } from '../tier-client/request-budget.js';
import type { Caller } from './caller.js';

/** A request as our hooks leave it. `id` is the request id. */
export interface PlatformRequest extends FastifyRequest {
  /** Set by the authenticator; null on public routes. */
  caller: Caller | null;
  /** Made on first use, counted from when the request arrived. */
  budget: RequestBudget | null;
  /** `performance.now()` of its arrival. */
  arrivedAt: number;
  spanContext: Context | null;
}
