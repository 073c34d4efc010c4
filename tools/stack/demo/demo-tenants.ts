import { randomBytes } from 'node:crypto';
import type { StackPlan } from '../plan.ts';
import { say } from '../progress.ts';
import { type DemoTenant, saveSecrets } from '../secrets.ts';
import { callGateway, GatewayRefusal } from './gateway.ts';

const NAMES = ['Arctic Books', 'Harbour Coffee'];

interface CreatedTenant {
  id: string;
  mailbox: { address: string };
  api_keys: { mode: 'live' | 'test'; key: string }[];
}

/** Two tenants through the public API; their keys, shown once, are kept in secrets.json. */
export async function createDemoTenants(plan: StackPlan): Promise<void> {
  const { secrets, dataDirectory } = plan;
  for (const name of NAMES.slice(secrets.tenants.length)) {
    secrets.tenants.push(await createTenant(plan, name));
    saveSecrets(dataDirectory, secrets);
    say(`tenant "${name}" created`);
  }
}

/** In a database that an earlier data directory has used, the plain slug is taken. */
async function createTenant(plan: StackPlan, name: string): Promise<DemoTenant> {
  const slug = name.toLowerCase().replaceAll(' ', '-');
  try {
    return await postTenant(plan, name, slug);
  } catch (error) {
    if (!(error instanceof GatewayRefusal) || error.code !== 'slug_taken') throw error;
    return postTenant(plan, name, `${slug}-${randomBytes(3).toString('hex')}`);
  }
}

async function postTenant(plan: StackPlan, name: string, slug: string): Promise<DemoTenant> {
  const owner = { email: `owner@${slug}.example`, name: `Owner of ${name}` };
  const key = plan.secrets.platform_key ?? '';
  const created = await callGateway<CreatedTenant>(plan, key, 'POST', '/v1/admin/tenants', {
    name,
    slug,
    owner,
  });
  const keyOf = (mode: string): string =>
    created.api_keys.find((candidate) => candidate.mode === mode)?.key ?? '';
  const { id, mailbox } = created;
  return { id, live: keyOf('live'), test: keyOf('test'), from: mailbox.address };
}
