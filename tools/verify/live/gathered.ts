import { randomUUID } from 'node:crypto';
import { eventually } from '@penguinmails/testing/events';
import type { Tier } from '../../stack/ports.ts';
import { type Answer, call } from './api.ts';
import {
  inAnHour,
  type Item,
  type Names,
  newNames,
  type Recipe,
  RECIPES,
} from './gathered-recipes.ts';
import { secretsOf } from './lists.ts';
import type { LiveProbe } from './probe.ts';
import { queryAs } from './rows.ts';
import { readTierRoutesApart } from './tier-routes-apart.ts';
import type { TierRoute } from './tier-routes.ts';
import { Forge } from './tokens.ts';
import type { Tenant, World } from './world.ts';

/** Of everything, of both tenants each. */
const PAIRS = 60;

const tokenOf = (forge: Forge, audience: string, { id }: Tenant, scp = ['emails:send']): string =>
  forge.token('gateway', {
    audience,
    claims: { tid: id, act: { kind: 'api_key', id }, mode: 'live', scp },
  });

/** One request as the gateway makes it: items in the order of `callers`, one for each. */
async function gather(
  { stack }: World,
  forge: Forge,
  { tier, path }: TierRoute,
  callers: readonly string[],
  items: readonly Item[],
): Promise<Answer> {
  const framed = items.map((item, caller) => ({
    ...item,
    caller,
    request_id: randomUUID(),
    trace: {},
  }));
  const headers = { authorization: `Bearer ${forge.token('gateway', { audience: tier })}` };
  const url = `${stack.processes[tier as Tier]?.internal_url ?? ''}${path}`;
  return call(url, { method: 'POST', headers, body: { callers, items: framed } });
}

interface Single {
  readonly status: number;
}

const answersOf = ({ body }: Answer): Single[] => (body?.answers ?? []) as Single[];

/** The batch's own token opens none of its items: each is as if it had come alone. */
async function provenEach(world: World, route: TierRoute, recipe: Recipe): Promise<string[]> {
  const forge = new Forge(world.stack.data_dir);
  const { tier } = route;
  const wrong = Object.entries(forge.wrong(tier, world.b.id))
    .filter(([who]) => who !== 'nobody')
    .map(([who, token]) => [who, token ?? '', 401] as const);
  const due: (readonly [string, string, number])[] = [
    ...wrong,
    ['the gateway itself', forge.token('gateway', { audience: tier }), 403],
    ['the worker', forge.token('worker', { audience: tier }), 403],
  ];
  const scoped = route.path !== '/internal/idempotency:reserve_together';
  if (scoped) due.push(['a reader', tokenOf(forge, tier, world.b, ['emails:read']), 403]);
  const callers = [tokenOf(forge, tier, world.a), ...due.map(([, token]) => token)];
  const items = callers.map((_caller, at) => recipe.item(at === 0 ? world.a : world.b, newNames()));
  const answer = await gather(world, forge, route, callers, items);
  const [own, ...others] = answersOf(answer);
  const findings = due
    .map(([who, , status], at) => [who, status, others[at]?.status] as const)
    .filter(([, status, seen]) => status !== seen)
    .map(([who, , seen]) => `${route.path} by ${who}: ${seen}`);
  if (own === undefined || own.status >= 300)
    findings.push(`${route.path} refuses its own caller: ${answer.status} ${own?.status}`);
  return findings;
}

/** Two tenants name the same things in one batch: each gets and keeps its own. */
async function keptApart(
  world: World,
  route: TierRoute,
  recipe: Recipe,
  names: readonly Names[],
): Promise<string[]> {
  const forge = new Forge(world.stack.data_dir);
  const owners = names.flatMap(() => [world.a, world.b]);
  const callers = owners.map((owner) => tokenOf(forge, route.tier, owner));
  const items = owners.map((owner, at) => recipe.item(owner, names[at >> 1] as Names));
  const answer = await gather(world, forge, route, callers, items);
  const findings = answersOf(answer)
    .filter(({ status }) => status >= 300)
    .map(({ status }) => `${route.path}: an item is answered ${status}`);
  if (answersOf(answer).length !== items.length) findings.push(`${route.path}: ${answer.status}`);
  const told = answersOf(answer).some((single, at) => {
    const other = owners[at] === world.a ? world.b : world.a;
    return secretsOf(other).some((secret) => JSON.stringify(single).includes(secret));
  });
  if (told) findings.push(`${route.path} answers with something of another tenant`);
  return [...findings, ...(await madeFor(world, route, recipe, names))];
}

async function madeFor(
  { a, b, stack }: World,
  { tier, path }: TierRoute,
  { rows, name }: Recipe,
  names: readonly Names[],
): Promise<string[]> {
  const url = stack.databases[tier as Tier].admin_url;
  type Row = { tenant_id: string; mark: string };
  const made = await queryAs<Row>(url, rows, [names.map(name)]);
  return [a, b].flatMap(({ id, mark }) => {
    const own = made.filter((row) => row.tenant_id === id);
    const right = own.filter((row) => row.mark === mark);
    if (own.length === names.length && right.length === own.length) return [];
    return [`${path}: of ${own.length} rows of a tenant ${right.length} are its own`];
  });
}

/** Every route that takes calls of several tenants; one that is new here needs a recipe. */
async function gathered(world: World): Promise<string[]> {
  const routes = (await readTierRoutesApart()).filter(({ path }) => path.endsWith('_together'));
  const names = Array.from({ length: PAIRS }, newNames);
  const findings: string[] = routes.length === 0 ? ['no route takes several calls'] : [];
  // Contents before the e-mails that name them.
  for (const route of routes.sort((one, other) => (one.tier < other.tier ? -1 : 1))) {
    const recipe = RECIPES[route.path];
    if (!recipe) findings.push(`${route.path}: no recipe for it, add it to gathered-recipes.ts`);
    else
      findings.push(
        ...(await provenEach(world, route, recipe)),
        ...(await keptApart(world, route, recipe, names)),
      );
  }
  return findings;
}

/** On a busy machine some of many are refused; their keys allow them to be repeated. */
const untilServed = (ask: () => Promise<Answer>): Promise<Answer> =>
  eventually(async () => {
    const answer = await ask();
    return ![429, 503].includes(answer.status) && answer;
  });

/** Many requests of two tenants at once travel together behind the gateway: everybody gets his answer. */
async function atOnce(world: World): Promise<string[]> {
  const scheduled_at = inAnHour();
  const send = async (tenant: Tenant, key: string) => {
    const headers = { 'idempotency-key': key };
    const text = `${tenant.mark} ${randomUUID()}`;
    const to = `to+${randomUUID()}@receiver.test`;
    const body = { from: tenant.from, to, subject: tenant.mark, text, scheduled_at };
    const answer = await untilServed(() =>
      tenant.client.call('/v1/emails', { method: 'POST', headers, body }),
    );
    return { tenant, to, text, answer };
  };
  const keys = Array.from({ length: PAIRS }, () => randomUUID());
  const sent = await Promise.all(
    keys.flatMap((key) => [world.a, world.b].map((tenant) => send(tenant, key))),
  );
  const findings = await Promise.all(
    sent.map(async ({ tenant, to, text, answer }) => {
      const id = String(answer.body?.id);
      if (answer.status !== 202 || answer.body?.to !== to) return `answered ${answer.status}`;
      const content = await untilServed(() => tenant.client.call(`/v1/emails/${id}/content`));
      return content.body?.text === text ? undefined : `the content of another: ${content.status}`;
    }),
  );
  return [...new Set(findings.filter((finding) => finding !== undefined))];
}

export const gatheredProbes: readonly LiveProbe[] = [
  { numbers: [68], name: 'calls in one batch are proven and kept apart', run: gathered },
  { numbers: [58], name: 'requests at once have their own answers', run: atOnce },
];
