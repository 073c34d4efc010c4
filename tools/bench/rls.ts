// npm run bench:rls [-- --runs N]: a tenant's query in one batch against the same query without RLS.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type Database, openDatabase } from '@penguinmails/database';
import { createTierDatabase, type TierDatabase, withAdmin } from '@penguinmails/testing/tenancy';
import { withPostgres } from '../verify/with-postgres.ts';

const TENANTS = 200;
const ROWS_PER_TENANT = 1_000;
const WARM_UP = 200;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    operations: { type: 'string', default: '3000' },
  },
});

const tenantOf = (index: number): string =>
  `01990000-0000-7000-9000-${String(index % TENANTS).padStart(12, '0')}`;

const SCHEMA = `
SET ROLE notifications_owner;
CREATE TABLE letters (
  tenant_id uuid NOT NULL,
  id integer NOT NULL,
  subject text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX letters_newest ON letters (tenant_id, created_at DESC, id);
SELECT secure_tenant_table('letters', 'SELECT', NULL);
GRANT SELECT ON letters TO notifications_migrator;
RESET ROLE;
INSERT INTO letters
SELECT ('01990000-0000-7000-9000-' || lpad(t::text, 12, '0'))::uuid, n, 'Letter number ' || n,
  now() - n * interval '1 minute'
FROM generate_series(0, ${TENANTS - 1}) t, generate_series(1, ${ROWS_PER_TENANT}) n;
VACUUM ANALYZE letters;`;

/** One kind of query; `limit` is the goal for the ratio. */
interface Kind {
  name: string;
  limit: number;
  text: string;
  valuesOf(tenant: string, index: number): unknown[];
}

const kinds: readonly Kind[] = [
  {
    name: 'point',
    limit: 1.2,
    text: 'SELECT id, subject, created_at FROM letters WHERE tenant_id = $1 AND id = $2',
    valuesOf: (tenant, index) => [tenant, 1 + (index % ROWS_PER_TENANT)],
  },
  {
    name: 'page of 50',
    limit: 1.1,
    text: `SELECT id, subject, created_at FROM letters WHERE tenant_id = $1
           ORDER BY created_at DESC, id LIMIT 50`,
    valuesOf: (tenant) => [tenant],
  },
];

/** App login under row level security; in place of the system login one that may bypass it. */
function open(database: TierDatabase): Database {
  const pool = { max: 2, idleTimeoutMillis: 30_000, connectionTimeoutMillis: 60_000 };
  return openDatabase({
    tier: 'notifications',
    app: { url: database.appUrl, ...pool },
    system: { url: database.migratorUrl, ...pool },
    pooled: false,
  });
}

async function timed(work: () => Promise<{ rowCount: number }>): Promise<number> {
  const began = performance.now();
  const { rowCount } = await work();
  if (rowCount === 0) throw new Error('a query of the bench found nothing');
  return performance.now() - began;
}

function median(times: number[]): number {
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? 0;
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

/** Both ways in turn, op by op, the first one chosen by lot: drift of the machine hits both. */
async function compare(
  { tenants, system }: Database,
  { text, valuesOf }: Kind,
  operations: number,
): Promise<{ with: number; without: number }> {
  const withRls: number[] = [];
  const without: number[] = [];
  for (let index = 0; index < operations + WARM_UP; index += 1) {
    const tenant = tenantOf(index * 7);
    const bound = valuesOf(tenant, index * 13);
    const ways: [number[], () => Promise<{ rowCount: number }>][] = [
      [withRls, () => tenants.once(tenant, (tx) => tx.query(text, bound))],
      [without, () => system.once((tx) => tx.query(text, bound))],
    ];
    if (Math.random() < 0.5) ways.reverse();
    for (const [times, way] of ways) {
      const time = await timed(way);
      if (index >= WARM_UP) times.push(time);
    }
  }
  return { with: median(withRls), without: median(without) };
}

async function measure(database: Database, kind: Kind, runs: number): Promise<void> {
  const medians = [];
  for (let run = 0; run < runs; run += 1) {
    medians.push(await compare(database, kind, Number(values.operations)));
  }
  const ratios = medians.map((run) => rounded(run.with / run.without));
  const line = {
    metric: `rls_ratio ${kind.name}`,
    value: median([...ratios]),
    runs: ratios,
    limit: kind.limit,
    with_ms: medians.map((run) => rounded(run.with)),
    without_ms: medians.map((run) => rounded(run.without)),
    operations: Number(values.operations),
    cores: cpus().length,
    at: new Date().toISOString(),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

await withPostgres(async () => {
  const tier = await createTierDatabase('notifications');
  try {
    // Not one simple query: VACUUM refuses to run inside of one.
    await withAdmin(tier.adminUrl, async (admin) => {
      for (const statement of SCHEMA.split(';\n')) await admin.query(statement);
    });
    const database = open(tier);
    for (const kind of kinds) await measure(database, kind, Number(values.runs));
    await database.close();
  } finally {
    await tier.drop();
  }
});
