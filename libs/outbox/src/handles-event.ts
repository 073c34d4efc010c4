import type { EventType } from '@penguinmails/contracts';
import type { SystemTransaction, TenantTransaction } from '@penguinmails/database';
import { UseFilters } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { ReceivedEvent } from './events.js';
import { RethrowFilter } from './rethrow-filter.js';

/** Which login of the tier's database a handler runs on. */
export type HandlerLogin = 'app' | 'system';

/** What the handler's method gets as second argument. */
export type HandlerTransaction<L extends HandlerLogin> = L extends 'app'
  ? TenantTransaction
  : SystemTransaction;

type HandlerMethod<T extends EventType, L extends HandlerLogin> = (
  events: ReceivedEvent<T>[],
  tx: HandlerTransaction<L>,
) => Promise<void>;

/**
 * Marks a method of a `@Controller()` class as the handler of one event type, in this service.
 *
 * The method gets events in order per key, all new (never seen before by this service), and does its
 * work in the given transaction: it commits together with the inbox and the position.
 * - `app`: called once per tenant and run of this type, with that tenant's transaction.
 * - `system`: called once per run of this type, events of several tenants together.
 *
 * All handlers of one topic declare the same login. What it throws is retried: see the README.
 */
export function HandlesEvent<T extends EventType, L extends HandlerLogin>(
  type: T,
  options: { login: L },
) {
  return (
    target: object,
    method: string,
    descriptor: TypedPropertyDescriptor<HandlerMethod<T, L>>,
  ): void => {
    const nestDescriptor = descriptor as TypedPropertyDescriptor<(...args: unknown[]) => unknown>;
    EventPattern(type, { login: options.login })(target, method, nestDescriptor);
    UseFilters(RethrowFilter)(target, method, descriptor);
    Payload()(target, method, 0);
    Ctx()(target, method, 1);
  };
}
