import { type FairScheduler, type Ticket } from './fair-scheduler.js';
import { TenantBusy } from './tenant-busy.js';

/** No connection became free in time; the message is that of pg's pool, so `isInfrastructure` holds. */
export class NoConnectionInTime extends Error {
  override readonly name = 'NoConnectionInTime';

  constructor() {
    super('timeout exceeded when trying to connect');
  }
}

/**
 * Waits for a slot.
 *
 * @param timeoutMs longest wait
 * @throws TenantBusy when the tenant is over its limit, or waited for nothing but its own work;
 * NoConnectionInTime when it waited for others
 */
export async function slotOf(
  scheduler: FairScheduler,
  tenant: string | undefined,
  timeoutMs: number,
): Promise<Ticket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ticket = scheduler.ask(tenant, resolve);
  if (ticket.running) return ticket;
  const timer = setTimeout(() => {
    const late = ticket.waitsForItself ? new TenantBusy('timeout') : new NoConnectionInTime();
    ticket.leave();
    reject(late);
  }, timeoutMs);
  await promise.finally(() => clearTimeout(timer));
  return ticket;
}
