import { locateDataDirectory } from '../stack/data-directory.ts';
import { type Tier, tiers } from '../stack/ports.ts';
import { databaseAccount } from '../stack/postgres/account.ts';
import { readStackFile } from '../stack/stack-file.ts';

/** A login per tier that sees all tenants. */
export type DatabaseUrls = Record<Tier, string>;

/**
 * The databases of the running stack, else those that the environment names.
 *
 * @throws Error when there is neither
 */
export function readDatabaseUrls(
  dataDirectory: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): DatabaseUrls {
  const { path } = locateDataDirectory(dataDirectory, databaseAccount());
  const stack = readStackFile(path);
  const urls = tiers.map((tier) => [
    tier,
    stack?.databases[tier].admin_url ?? env[`${tier.toUpperCase()}_DB_MIGRATOR_URL`] ?? '',
  ]);
  const missing = urls.find(([, url]) => url === '');
  if (!missing) return Object.fromEntries(urls) as DatabaseUrls;
  throw new Error(`no stack runs from ${path}, and ${missing[0]}'s _DB_MIGRATOR_URL is not set`);
}
