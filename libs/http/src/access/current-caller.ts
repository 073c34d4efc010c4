import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { unauthorized } from '../problem/problems.js';
import { RequestBudget } from '../tier-client/request-budget.js';
import type { Caller } from './caller.js';
import type { PlatformRequest } from './platform-request.js';

const requestOf = (context: ExecutionContext): PlatformRequest =>
  context.switchToHttp().getRequest<PlatformRequest>();

/** The caller of a request; throws Problem 401 on a public route, which has none. */
export function callerOf(request: PlatformRequest): Caller {
  if (!request.caller) throw unauthorized();
  return request.caller;
}

/** The time all tier calls of one public request share: 2.7 s from its arrival. */
export function budgetOf(request: PlatformRequest): RequestBudget {
  return (request.budget ??= new RequestBudget(undefined, request.arrivedAt));
}

/** Parameter of a route: its {@link Caller}. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  callerOf(requestOf(context)),
);

/** Parameter of a route: the request id, as in the x-request-id header. */
export const RequestId = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => requestOf(context).id,
);
