import { randomUUID } from 'node:crypto';
import { callGateway } from '../../stack/demo/gateway.ts';

/** A sender: its key, and the address of its mailbox. */
export interface Sender {
  tenantId: string;
  key: string;
  from: string;
}

interface Created {
  id: string;
  mailbox: { address: string };
  api_keys: { mode: string; key: string }[];
}

/** New tenants through the public API, so that a round counts for itself. */
export async function createSenders(
  publicUrl: string,
  platformKey: string,
  count: number,
): Promise<Sender[]> {
  const senders: Sender[] = [];
  for (let n = 0; n < count; n += 1) senders.push(await createSender(publicUrl, platformKey));
  return senders;
}

async function createSender(publicUrl: string, platformKey: string): Promise<Sender> {
  const slug = `chaos-${randomUUID()}`;
  const body = { name: slug, slug, owner: { email: `owner@${slug}.example`, name: 'Owner' } };
  const path = '/v1/admin/tenants';
  const created = await callGateway<Created>({ publicUrl }, platformKey, 'POST', path, body);
  const key = created.api_keys.find(({ mode }) => mode === 'live')?.key ?? '';
  return { tenantId: created.id, key, from: created.mailbox.address };
}
