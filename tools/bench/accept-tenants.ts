import { callGateway } from '../stack/demo/gateway.ts';
import { queryOnce } from '../stack/postgres/query.ts';
import type { StackDescription } from '../stack/stack-file.ts';

/** A tenant that may send as much as it likes. */
export interface BenchTenant {
  key: string;
  from: string;
}

interface CreatedTenant {
  id: string;
  mailbox: { address: string };
  api_keys: { mode: string; key: string }[];
}

/** Tenants made through the public API, with a plan that has no monthly limit. */
export async function createTenants(
  stack: StackDescription,
  count: number,
): Promise<BenchTenant[]> {
  const created: CreatedTenant[] = [];
  const stamp = Date.now().toString(36);
  while (created.length < count) created.push(await create(stack, `${stamp}-${created.length}`));
  await queryOnce(
    stack.databases.oltp.admin_url,
    `UPDATE tenants SET plan_code = 'enterprise' WHERE id = ANY($1)`,
    [created.map(({ id }) => id)],
  );
  return created.map(({ mailbox, api_keys: keys }) => ({
    from: mailbox.address,
    key: keys.find(({ mode }) => mode === 'live')?.key ?? '',
  }));
}

function create(stack: StackDescription, name: string): Promise<CreatedTenant> {
  const gateway = { publicUrl: stack.gateway.url };
  const body = {
    name: `Bench ${name}`,
    slug: `bench-${name}`,
    owner: { email: `owner@bench-${name}.example`, name: 'Owner' },
  };
  return callGateway(gateway, stack.keys.platform ?? '', 'POST', '/v1/admin/tenants', body);
}
