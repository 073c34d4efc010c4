import { Load } from '../client/load.ts';
import { createSenders, type Sender } from '../client/tenants.ts';
import type { RoundSettings } from '../round.ts';

const CLIENTS = 8;

/** Some accepted e-mails of one new tenant; settles when all have their 202. */
export async function sendSome(
  { stack, ledger, seed }: RoundSettings,
  name: string,
  emails: number,
): Promise<{ tenants: string[]; label: string }> {
  const { gateway, keys } = stack.describe();
  const senders: Sender[] = await createSenders(gateway.url, keys.platform ?? '', 1);
  const label = `${name}${seed}`;
  const where = { publicUrl: gateway.url, senders, ledger, label };
  await new Load({ ...where, emails, concurrency: CLIENTS }).run();
  return { tenants: senders.map(({ tenantId }) => tenantId), label };
}
