import type { Call } from './api.ts';
import { fill, type Operation } from './operations.ts';
import type { LiveProbe, Volume } from './probe.ts';
import { secretsOf } from './lists.ts';
import type { World } from './world.ts';

/** What no answer holds, whatever it was asked. */
const TELLTALES: readonly [string, RegExp][] = [
  [
    'SQL',
    /\b(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|WHERE tenant_id)\b|\brelation "|\bcolumn "/,
  ],
  ['an error of PostgreSQL', /violates|syntax error at|invalid input syntax|current_setting/],
  ['a stack', /\bat .+\.(js|ts):\d+|node_modules|file:\/\//],
  ['a setting', /app\.current_tenant_id|pg_|127\.0\.0\.1:\d+|ECONNREFUSED/],
];

const TEXTS = [
  '',
  "'",
  "' OR 1=1 --",
  '${7*7}',
  '{{constructor}}',
  '\u0000',
  '\ud800',
  '../../etc/passwd',
  'x'.repeat(3_000),
  '%',
  'null',
  '-1',
  '1e309',
  '2026-13-99T99:99:99Z',
  '00000000-0000-0000-0000-000000000000',
  'SELEKT',
  '\r\nX-Evil: 1',
  '💥',
];
const VALUES: readonly unknown[] = [
  ...TEXTS,
  null,
  true,
  -1,
  1e308,
  [],
  {},
  [[[[]]]],
  { a: { b: 1 } },
];
const HEADERS = ['if-none-match', 'idempotency-key', 'accept', 'content-type', 'x-request-id'];

/** The same seed asks the same questions. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}

const headerSafe = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 500);

function queryOf(operation: Operation, pick: (below: number) => number): string {
  const names = [...operation.query, 'limit', 'after', 'x', 'tenant_id'];
  if (pick(3) > 0) return '';
  const name = names[pick(names.length)] ?? 'x';
  return `?${name}=${encodeURIComponent((TEXTS[pick(TEXTS.length)] ?? '').replaceAll('\ud800', ''))}`;
}

function requestOf(operation: Operation, pick: (below: number) => number): [string, Call] {
  const text = (): string => (TEXTS[pick(TEXTS.length)] ?? '').replaceAll('\ud800', '?');
  const path = fill(
    operation.path,
    Object.fromEntries(operation.parameters.map((name) => [name, text().slice(0, 200) || 'x'])),
  );
  const header =
    pick(4) === 0 ? { [HEADERS[pick(HEADERS.length)] ?? 'x']: headerSafe(text()) } : {};
  const fields = { ...operation.body };
  const names = [...Object.keys(fields), 'tenant_id', 'attachments', 'headers', 'tags'];
  for (let n = 0; n <= pick(3); n += 1)
    fields[names[pick(names.length)] ?? 'x'] = VALUES[pick(VALUES.length)];
  const raw = pick(6) === 0 ? `${JSON.stringify(fields).slice(0, pick(60) + 1)}` : fields;
  const body = ['GET', 'HEAD', 'DELETE'].includes(operation.method) ? undefined : raw;
  return [path + queryOf(operation, pick), { method: operation.method, headers: header, body }];
}

/** What an answer tells that it must not; B's things are in no question, so in no answer either. */
function told(text: string, secrets: readonly string[]): string | undefined {
  const telltale = TELLTALES.find(([, pattern]) => pattern.test(text));
  if (telltale) return telltale[0];
  return secrets.some((secret) => text.includes(secret))
    ? 'something of another tenant'
    : undefined;
}

async function fuzz(world: World, { fuzzedRequests }: Volume): Promise<string[]> {
  const pick = randomOf(20_261_122);
  const open = world.operations.filter(({ keys }) => keys.includes('tenant_key'));
  const secrets = secretsOf(world.b);
  const findings = new Set<string>();
  let errors = 0;
  for (let n = 0; n < fuzzedRequests; n += 1) {
    const operation = open[n % open.length];
    if (!operation) break;
    const [path, wish] = requestOf(operation, pick);
    const { status, text } = await world.a.client.call(path, wish);
    errors += status >= 400 ? 1 : 0;
    const what = status === 500 ? 'internal_error' : told(text, secrets);
    if (what) findings.add(`${operation.method} ${operation.path} (${status}): ${what}`);
  }
  if (errors < fuzzedRequests / 3) findings.add(`only ${errors} of ${fuzzedRequests} were refused`);
  return [...findings];
}

export const fuzzProbes: readonly LiveProbe[] = [
  { numbers: [67], name: 'no error tells of SQL, code or another tenant', run: fuzz },
];
