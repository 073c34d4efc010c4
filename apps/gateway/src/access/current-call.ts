import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { budgetOf, type Caller, callerOf, type PlatformRequest } from '@penguinmails/http';
import type { RequestBudget } from '@penguinmails/http/tier-client';

/** On whose behalf tiers are called, and how much time all those calls have together. */
export interface Call {
  readonly caller: Caller;
  readonly budget: RequestBudget;
}

/** Parameter of a route: its {@link Call}. */
export const CurrentCall = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Call => {
    const request = context.switchToHttp().getRequest<PlatformRequest>();
    return { caller: callerOf(request), budget: budgetOf(request) };
  },
);
