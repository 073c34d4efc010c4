import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { App } from '../../stack/ports.ts';
import { nodePath } from '../../stack/repository.ts';
import type { TierRoute } from './tier-routes.ts';

const run = promisify(execFile);

/** Every route of the apps, by default of all tiers. In a process of its own: the compiled controllers need what the tiers need. */
export async function readTierRoutesApart(...apps: readonly App[]): Promise<TierRoute[]> {
  const script = fileURLToPath(new URL('print-tier-routes.ts', import.meta.url));
  const { stdout } = await run(nodePath, [script, ...apps], { timeout: 300_000 });
  return JSON.parse(stdout) as TierRoute[];
}
