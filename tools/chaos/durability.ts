import { tiers } from '../stack/ports.ts';
import { queryOnce } from '../stack/postgres/query.ts';
import type { ChaosStack } from './stack/chaos-stack.ts';

const SETTINGS = `
  SELECT current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit`;

/** What each service's own login is told about flushing, by tier. */
export async function durability(stack: ChaosStack): Promise<Record<string, object>> {
  const { databases } = stack.describe();
  const all = tiers.map(async (tier) => {
    const [row] = await queryOnce<Record<string, string>>(databases[tier].app_url, SETTINGS);
    return [tier, row ?? {}] as const;
  });
  return Object.fromEntries(await Promise.all(all));
}

/** One line per database that does not flush what it acknowledges. */
export async function durabilityFaults(stack: ChaosStack): Promise<string[]> {
  const found = Object.entries(await durability(stack));
  return found
    .filter(([, settings]) => Object.values(settings).some((value) => value !== 'on'))
    .map(([tier, settings]) => `not_durable: ${tier} ${JSON.stringify(settings)}`);
}
