import { eventually } from '@penguinmails/testing/events';
import type { Tier } from '../../stack/ports.ts';
import { foreignValues } from './foreign-ids.ts';
import { type AppChange, withChange } from './mutated-app.ts';
import { fill } from './operations.ts';
import { forMutants, type LiveProbe, runProbes } from './probe.ts';
import { queryAs } from './rows.ts';
import type { World } from './world.ts';

/** A guard taken out of the product, and the probe that must notice. */
export interface LiveMutant {
  readonly name: string;
  /** Number of a probe in reference/tenancy.md, section 7. */
  readonly noticedBy: number;
  readonly change: AppChange;
  /** Both locks of these tables are taken away: the statement's filter and row level security. */
  readonly openTables?: { readonly tier: Tier; readonly names: readonly string[] };
}

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

const SERVED_WITHIN = { timeoutMs: 240_000, intervalMs: 200 };

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
        return runProbes(noticing, world, forMutants);
      }),
    );
    await untilServed(world);
    const signs = seen.filter(({ broken }) => !broken);
    runs.push({ name, probe, signs: signs.length, first: (signs[0] ?? seen[0])?.what });
  }
  return runs;
}
