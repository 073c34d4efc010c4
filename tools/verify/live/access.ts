import { randomUUID } from 'node:crypto';
import { tiers } from '../../stack/ports.ts';
import { call } from './api.ts';
import { fill, type Operation } from './operations.ts';
import type { LiveProbe } from './probe.ts';
import { readTierRoutesApart } from './tier-routes-apart.ts';
import type { TierRoute } from './tier-routes.ts';
import { Forge } from './tokens.ts';
import { anonymously, type World } from './world.ts';

const filled = ({ path, parameters }: Operation): string =>
  fill(path, Object.fromEntries(parameters.map((name) => [name, randomUUID()])));

/** Keys of tenants on routes of operators, of operators on those of tenants, no key on either. */
async function kinds(world: World): Promise<string[]> {
  const findings: string[] = [];
  for (const operation of world.operations.filter(({ keys }) => keys.length > 0)) {
    const { method, path, keys } = operation;
    const url = filled(operation);
    const seen: [string, number, number][] = [
      ['no key', (await anonymously(world, url, method)).status, 401],
    ];
    if (!keys.includes('tenant_key'))
      seen.push(['a tenant', (await world.a.client.call(url, { method })).status, 403]);
    if (!keys.includes('platform_key'))
      seen.push(['an operator', (await world.platform.call(url, { method })).status, 403]);
    for (const [who, status, due] of seen)
      if (status !== due) findings.push(`${method} ${path} by ${who}: ${status}`);
  }
  return findings;
}

const KEYS_OF: Readonly<Record<string, readonly string[]>> = {
  public: [],
  tenant: ['tenant_key'],
  platform: ['platform_key'],
  tenant_or_platform: ['tenant_key', 'platform_key'],
};

/** What the document does not have, or opens to others than the code does, nothing here attacks. */
async function documented({ operations }: World): Promise<string[]> {
  const keysOf = new Map(operations.map(({ method, path, keys }) => [`${method} ${path}`, keys]));
  const routes = await readTierRoutesApart('gateway');
  const findings = routes.length === 0 ? ['the gateway has no routes'] : [];
  for (const { method, path, access } of routes) {
    const route = `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`;
    const [told, due] = [keysOf.get(route), KEYS_OF[access.kind]];
    if (String(told) !== String(due)) findings.push(`${route} is for ${due}, documented: ${told}`);
    if (access.kind === 'public' && path !== '/v1/openapi.json') findings.push(`${route} is open`);
  }
  return findings;
}

/** Two credentials at once, and tokens of our own services at the public port. */
async function mixedCredentials({ a, b, stack }: World): Promise<string[]> {
  const forge = new Forge(stack.data_dir);
  const forged = Object.values(forge.wrong('oltp', b.id)).filter((token) => token !== undefined);
  const findings: string[] = [];
  for (const token of [...forged, `${a.client.key}, Bearer ${b.client.key}`, `${a.client.key}.x`]) {
    const headers = { authorization: `Bearer ${token}` };
    const { status } = await call(`${stack.gateway.url}/v1/emails`, { headers });
    if (status !== 401) findings.push(`a credential of another kind: ${status}`);
  }
  const both = await a.client.call('/v1/emails', { headers: { 'x-api-key': b.client.key } });
  if (both.status !== 200 || both.text.includes(b.mark)) findings.push('a second key counts');
  return findings;
}

/** Whom a tier knows, on routes that are not for them. */
function strangers(forge: Forge, { tier, access }: TierRoute, tenantId: string) {
  const actor = { kind: 'api_key', id: tenantId };
  const claims = { tid: tenantId, act: actor, mode: 'live', scp: [] };
  const known: Record<string, [boolean, string]> = {
    gateway: [
      access.services?.includes('gateway') ?? false,
      forge.token('gateway', { audience: tier }),
    ],
    worker: [
      access.services?.includes('worker') ?? false,
      forge.token('worker', { audience: tier }),
    ],
    tenant: [access.kind.startsWith('tenant'), forge.token('gateway', { audience: tier, claims })],
  };
  return Object.entries(known).filter(([, [may]]) => !may);
}

async function internalPorts({ stack, b }: World): Promise<string[]> {
  const forge = new Forge(stack.data_dir);
  const routes = (await readTierRoutesApart()).filter(({ access }) => access.kind !== 'public');
  const findings: string[] = tiers
    .filter((tier) => !routes.some((route) => route.tier === tier))
    .map((tier) => `${tier} has no routes to attack`);
  for (const route of routes) {
    const base = stack.processes[route.tier as 'oltp']?.internal_url ?? '';
    const url = base + route.path.replaceAll(/(?<=\/):\w+/g, randomUUID());
    const ask = async (token?: string): Promise<number> => {
      const headers = token === undefined ? undefined : { authorization: `Bearer ${token}` };
      return (await call(url, { method: route.method, headers })).status;
    };
    const note = (who: string, status: number, due: number): void => {
      if (status !== due)
        findings.push(`${route.tier} ${route.method} ${route.path} by ${who}: ${status}`);
    };
    for (const [who, token] of Object.entries(forge.wrong(route.tier, b.id)))
      note(who, await ask(token), 401);
    for (const [who, [, token]] of strangers(forge, route, b.id)) note(who, await ask(token), 403);
  }
  return findings;
}

export const accessProbes: readonly LiveProbe[] = [
  { numbers: [62], name: 'every route wants its kind of key', run: kinds },
  { numbers: [62], name: 'the document has every route of the gateway', run: documented },
  { numbers: [60, 61], name: 'tokens and second keys open nothing', run: mixedCredentials },
  { numbers: [68], name: 'internal ports want a service identity', run: internalPorts },
];
