import { eventually } from '@penguinmails/testing/events';
import type { Tier } from '../../stack/ports.ts';
import { foreignValues } from './foreign-ids.ts';
import { type SourceChange, withChange } from './mutated-app.ts';
import { fill } from './operations.ts';
import { type LiveProbe, runProbes, short } from './probe.ts';
import { queryAs } from './rows.ts';
import type { World } from './world.ts';

/** A guard taken out of the product, and the probe that must notice. */
export interface LiveMutant {
  readonly name: string;
  /** Number of a probe in reference/tenancy.md, section 7. */
  readonly noticedBy: number;
  readonly change: SourceChange;
  /** Both locks of these tables are taken away: the statement's filter and row level security. */
  readonly openTables?: { readonly tier: Tier; readonly names: readonly string[] };
}

export const restMutants: readonly LiveMutant[] = [
  {
    name: 'oltp finds e-mails of all tenants: no filter, no row level security',
    noticedBy: 46,
    change: {
      app: 'oltp',
      file: 'apps/oltp/dist/email/email.repository.js',
      find: 'FROM emails WHERE tenant_id = $1 AND id = $2`',
      replace: 'FROM emails WHERE $1::uuid IS NOT NULL AND id = $2`',
    },
    openTables: { tier: 'oltp', names: ['emails'] },
  },
  {
    name: 'the queue finds jobs of all tenants: no filter, no row level security',
    noticedBy: 46,
    change: {
      app: 'queue',
      file: 'apps/queue/dist/job/job.repository.js',
      find: 'FROM job_queue WHERE tenant_id = $1 AND id = $2',
      replace: 'FROM job_queue WHERE $1::uuid IS NOT NULL AND id = $2',
    },
    openTables: { tier: 'queue', names: ['job_queue'] },
  },
  {
    name: 'the gateway believes a header that names a tenant',
    noticedBy: 69,
    change: {
      app: 'gateway',
      file: 'apps/gateway/dist/access/api-key-authenticator.js',
      find: 'return callerOf(identity, request.id);',
      replace: `return { ...callerOf(identity, request.id),
        tenantId: request.headers['x-tenant-id'] ?? identity.tenant_id };`,
    },
  },
  {
    name: 'cursors without their HMAC',
    noticedBy: 51,
    change: {
      app: 'gateway',
      file: 'libs/http/dist/page/cursor.js',
      find: 'mac.length !== MAC_BYTES || !timingSafeEqual(mac, expected)',
      replace: 'mac.length !== MAC_BYTES || !expected',
    },
  },
  {
    name: 'routes of operators are open to tenants',
    noticedBy: 62,
    change: {
      app: 'gateway',
      file: 'libs/http/dist/access/route-access.js',
      find: "return actor.kind === 'platform_key';",
      replace: 'return actor !== undefined;',
    },
  },
  {
    name: 'a tier that takes tokens without looking at their signature',
    noticedBy: 68,
    change: {
      app: 'content',
      file: 'libs/http/dist/token/token-claims.js',
      find: 'const { payload } = await jwtVerify(token, key, {',
      replace: 'const { payload } = await ((text) => ({ payload: decodeJwt(text) }))(token, key, {',
    },
  },
  {
    name: 'a batch whose items are all of its first caller',
    noticedBy: 68,
    change: {
      app: 'content',
      file: 'libs/http/dist/gathered/gathered-desk.js',
      find: 'const caller = known[at];',
      replace: 'const caller = at < 0 || known[0];',
    },
  },
  {
    name: 'a batch whose callers may do anything',
    noticedBy: 68,
    change: {
      app: 'oltp',
      file: 'libs/http/dist/gathered/gathered-desk.js',
      find: 'assertAccess(access, proven);',
      replace: '',
    },
  },
  {
    name: 'contents of several tenants stored under one of them',
    noticedBy: 68,
    change: {
      app: 'content',
      file: 'apps/content/dist/content/put-together.js',
      find: '({ call }) => call.tenantId',
      replace: '() => alike[0].call.tenantId',
    },
  },
  {
    name: 'the gateway gives each the answer of the next in the batch',
    noticedBy: 58,
    change: {
      app: 'gateway',
      file: 'libs/http/dist/tier-client/gathered-calls.js',
      find: 'answers.then((all) => answerAt(all, at))',
      replace: 'answers.then((all) => answerAt(all, (at + 1) % all.length))',
    },
  },
  {
    name: 'errors that tell their cause',
    noticedBy: 67,
    change: {
      app: 'gateway',
      file: 'libs/http/dist/problem/problem-document.js',
      find: 'title,\n',
      replace: 'title: `${title} ${problem.stack}`,\n',
    },
  },
];

export const kafkaMutants: readonly LiveMutant[] = [
  {
    name: 'a consumer that does not compare the tenants of an event',
    noticedBy: 71,
    change: {
      app: 'notifications',
      file: 'libs/outbox/dist/decode-record.js',
      find: 'if (!speaksOfOneTenant(type, { ...event, key }))',
      replace: 'if (!speaksOfOneTenant)',
    },
  },
  {
    name: 'a consumer that takes the tenant from the payload',
    noticedBy: 71,
    change: {
      app: 'notifications',
      file: 'libs/outbox/dist/decode-record.js',
      find: 'const event = received(type, envelope, record);',
      replace: `const read = received(type, envelope, record);
        const event = { ...read, tenantId: read.data.tenant_id ?? read.tenantId };`,
    },
  },
  {
    name: 'a consumer that keeps the tenant of the first event of a batch',
    noticedBy: 76,
    change: {
      app: 'olap',
      file: 'libs/outbox/dist/decode-record.js',
      find: 'tenantId: envelope.tenantId,',
      replace: 'tenantId: (globalThis.firstTenant ??= envelope.tenantId),',
    },
  },
  {
    name: 'content attaches by key alone: no pairs',
    noticedBy: 72,
    change: {
      app: 'content',
      file: 'apps/content/dist/content/content.system.repository.js',
      find: 'WHERE o.tenant_id = c.tenant_id AND o.storage_key = c.storage_key',
      replace: 'WHERE o.storage_key = c.storage_key',
    },
  },
  {
    name: 'a consumer that throws at what it cannot decode',
    noticedBy: 80,
    change: {
      app: 'olap',
      file: 'libs/outbox/dist/decode-record.js',
      find: "return { kind: 'undecodable', record, reason: reasonOf(error, record) };",
      replace: 'throw error;',
    },
  },
];

async function opened<T>(
  { stack }: World,
  { openTables }: LiveMutant,
  work: () => Promise<T>,
): Promise<T> {
  if (!openTables) return work();
  const url = stack.databases[openTables.tier].admin_url;
  const alter = (what: string) =>
    queryAs(url, openTables.names.map((name) => `ALTER TABLE ${name} ${what}`).join(';'));
  await alter('DISABLE ROW LEVEL SECURITY');
  try {
    return await work();
  } finally {
    await alter('ENABLE ROW LEVEL SECURITY');
  }
}

/** A mutant, and how many signs of it the probe that is to notice it saw. */
export interface MutantRun {
  readonly name: string;
  readonly probe: number;
  readonly signs: number;
  readonly first: string | undefined;
}

const SERVED_WITHIN = { timeoutMs: 60_000, intervalMs: 200 };

/** After a restart breakers may be open: what is refused for that reason is no sign of a mutant. */
async function untilServed({ operations, a }: World): Promise<void> {
  const reads = operations.filter(
    ({ method, keys }) => method === 'GET' && keys.includes('tenant_key'),
  );
  for (const operation of reads) {
    const [values = {}] = foreignValues(operation, a.belongings) ?? [];
    const path = fill(operation.path, values);
    await eventually(async () => (await a.client.call(path)).status === 200, SERVED_WITHIN);
  }
}

/** Each mutant in turn, in its own restart of the app it is in. */
export async function runMutants(
  mutants: readonly LiveMutant[],
  probes: readonly LiveProbe[],
  world: World,
): Promise<MutantRun[]> {
  const runs: MutantRun[] = [];
  for (const mutant of mutants) {
    const { name, noticedBy: probe, change } = mutant;
    const noticing = probes.filter(({ numbers }) => numbers.includes(probe));
    const seen = await opened(world, mutant, () =>
      withChange(world.stack, change, async () => {
        await untilServed(world);
        return runProbes(noticing, world, short);
      }),
    );
    await untilServed(world);
    const signs = seen.filter(({ broken }) => !broken);
    runs.push({ name, probe, signs: signs.length, first: (signs[0] ?? seen[0])?.what });
  }
  return runs;
}
