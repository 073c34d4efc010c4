import type { StackPlan } from '../plan.ts';
import type { Tier } from '../ports.ts';
import { nodePath, root } from '../repository.ts';
import { firstReplica } from '../replicas.ts';
import { runProgram } from '../run-program.ts';
import { saveSecrets } from '../secrets.ts';
import { builtFile, compileCache } from './build.ts';
import { environmentOf } from './environment.ts';

/** Runs a tier's `migrate` entry point as the migrator. */
export async function migrateTier(plan: StackPlan, tier: Tier, signal: AbortSignal): Promise<void> {
  const url = plan.databases[tier].urls.migrator;
  const env = { ...compileCache, TZ: 'UTC', [`${tier.toUpperCase()}_DB_MIGRATOR_URL`]: url };
  try {
    await runProgram(nodePath, [builtFile(tier, 'migrate.js')], { cwd: root, env, signal });
  } catch (error) {
    throw new Error(
      `${(error as Error).message}\nIf ${plan.dataDirectory} was made by another version: ` +
        'remove it, or give another --data-dir.',
      { cause: error },
    );
  }
}

/** Runs oltp's `bootstrap`: the platform tenant and its key, which is kept in secrets.json. */
export async function bootstrapPlatform(plan: StackPlan, signal: AbortSignal): Promise<void> {
  const { secrets, dataDirectory } = plan;
  if (secrets.platform_key !== null) return;
  const key = (await bootstrap(plan, [], signal)) ?? (await bootstrap(plan, ['--replace'], signal));
  if (key === null) throw new Error('oltp gave no platform key');
  secrets.platform_key = key;
  saveSecrets(dataDirectory, secrets);
}

/** Null when there is a key already, which only its maker has seen. */
async function bootstrap(
  plan: StackPlan,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string | null> {
  const env = { ...environmentOf(plan, firstReplica('oltp')), ...compileCache };
  const script = builtFile('oltp', 'bootstrap.js');
  const { stdout } = await runProgram(nodePath, [script, ...args], { cwd: root, env, signal });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  return (JSON.parse(line) as { platform_key: string | null }).platform_key;
}
