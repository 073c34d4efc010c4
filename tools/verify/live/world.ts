import { randomUUID } from 'node:crypto';
import { newStorageKey } from '@penguinmails/contracts';
import { eventually } from '@penguinmails/testing/events';
import type { StackDescription } from '../../stack/stack-file.ts';
import { type Answer, call, Client } from './api.ts';
import { DeadLetters } from './dead-letters.ts';
import { type Operation, readOperations } from './operations.ts';
import { queryAs } from './rows.ts';

/** What a tenant has that another one could ask for, by the segment of the path that leads to it. */
export type Belongings = Readonly<Record<string, readonly string[]>>;

export interface Tenant {
  readonly id: string;
  readonly client: Client;
  readonly from: string;
  readonly mailboxId: string;
  /** In everything that it wrote and in nothing else. */
  readonly mark: string;
  readonly belongings: Belongings;
}

/** A running product with two tenants that have something of every kind. */
export interface World {
  readonly stack: StackDescription;
  readonly operations: readonly Operation[];
  readonly platform: Client;
  readonly a: Tenant;
  readonly b: Tenant;
  /** Of a body of B's that nothing refers to yet; storage keys are in no answer. */
  readonly storageKeyOfB: string;
  /** Of a body of B's that goes once oltp says that nothing refers to it. */
  readonly condemnedKeyOfB: string;
  readonly deadLetters: DeadLetters;
}

interface Created {
  id: string;
  domain: { name: string };
  mailbox: { id: string; address: string };
  api_keys: { mode: string; key: string }[];
}

const SETTLED = { timeoutMs: 240_000, intervalMs: 50 };

/** The body of an answer of that status. @throws Error otherwise */
export function bodyOf<T>(answer: Answer, status: number): T {
  if (answer.status === status) return answer.body as T;
  throw new Error(`${answer.status} instead of ${status}: ${answer.text.slice(0, 300)}`);
}

export async function createTenant(platform: Client, mark: string) {
  const slug = `t-${randomUUID()}`;
  const owner = { email: `owner@${slug}.example`, name: mark };
  const body = { name: mark, slug, owner };
  const answer = await platform.call('/v1/admin/tenants', { method: 'POST', body });
  const { id, mailbox, api_keys } = bodyOf<Created>(answer, 201);
  const key = api_keys.find(({ mode }) => mode === 'live')?.key ?? '';
  const client = new Client(platform.base, key);
  return { id, client, from: mailbox.address, mailboxId: mailbox.id, mark };
}

type Founded = Awaited<ReturnType<typeof createTenant>>;

export function message({ from, mark }: Founded, more: object = {}): object {
  const to = `to+${randomUUID()}@receiver.test`;
  return { from, to, subject: mark, text: mark, ...more };
}

export async function send(tenant: Founded, more: object = {}): Promise<string> {
  const call = { method: 'POST', body: message(tenant, more) };
  return bodyOf<{ id: string }>(await tenant.client.call('/v1/emails', call), 202).id;
}

async function untilListed(client: Client, path: string): Promise<string[]> {
  return eventually(async () => {
    const { data } = bodyOf<{ data: { id: string }[] }>(await client.call(path), 200);
    return data.length > 0 && data.map(({ id }) => id);
  }, SETTLED);
}

async function untilDelivered({ client }: Founded, id: string): Promise<void> {
  await eventually(async () => {
    const { status } = bodyOf<{ status: string }>(await client.call(`/v1/emails/${id}`), 200);
    return status === 'delivered';
  }, SETTLED);
}

/** Founds a tenant and waits until nothing of its is on the way any more. */
async function settle(platform: Client, mark: string): Promise<Tenant> {
  const tenant = await createTenant(platform, mark);
  const content = Buffer.from(mark).toString('base64');
  const sent = await send(tenant, { attachments: [{ filename: `${mark}.txt`, content }] });
  const scheduled_at = new Date(Date.now() + 3_600_000).toISOString();
  const scheduled = await send(tenant, { scheduled_at });
  await untilDelivered(tenant, sent);
  await eventually(async () => (await tenant.client.call(`/v1/jobs/${scheduled}`)).status === 200);
  const notifications = await untilListed(tenant.client, '/v1/notifications');
  const body = bodyOf<{ attachments: { id: string }[] }>(
    await tenant.client.call(`/v1/emails/${sent}/content`),
    200,
  );
  const emails = [sent, scheduled];
  const attachments = body.attachments.map(({ id }) => id);
  return { ...tenant, belongings: { emails, jobs: emails, attachments, notifications } };
}

export async function openWorld(stack: StackDescription): Promise<World> {
  const { url } = stack.gateway;
  const platform = new Client(url, stack.keys.platform ?? '');
  const [operations, deadLetters, a, b] = await Promise.all([
    readOperations(url),
    DeadLetters.open([stack.kafka.brokers]),
    settle(platform, 'mark-of-a'),
    settle(platform, 'mark-of-b'),
  ]);
  const storageKeyOfB = await newContent(stack, b, 'pending');
  const condemnedKeyOfB = await newContent(stack, b, 'condemned');
  return { stack, operations, platform, a, b, storageKeyOfB, condemnedKeyOfB, deadLetters };
}

/** A body that nothing has claimed: what is attached already would show no foreign claim or denial. */
async function newContent(
  stack: StackDescription,
  { id, mark }: Tenant,
  state: 'pending' | 'condemned',
): Promise<string> {
  const key = newStorageKey();
  const text = `INSERT INTO content_objects
      (storage_key, tenant_id, content_text, state, references_asked_at)
    VALUES ($1, $2, $3, $4::varchar, CASE $4::varchar WHEN 'condemned' THEN now() END)`;
  await queryAs(stack.databases.content.admin_url, text, [key, id, mark, state]);
  return key;
}

/** A public request under nobody's key. */
export const anonymously = ({ stack }: World, path: string, method: string): Promise<Answer> =>
  call(stack.gateway.url + path, { method });
