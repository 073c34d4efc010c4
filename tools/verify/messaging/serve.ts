import { once } from 'node:events';
import { type Database, openDatabase } from '@penguinmails/database';
import { type Logins, type ProcessSettings, settingsOfArguments } from './process-settings.ts';

/**
 * The life of a process under test: starts, says so, works until it is told to stop. It ends by
 * itself when its parent has died.
 *
 * @param start gives back how to stop
 */
export async function serve(
  start: (settings: ProcessSettings) => Promise<() => Promise<void>>,
): Promise<void> {
  process.once('disconnect', () => process.exit(1));
  const told = once(process, 'message');
  const stop = await start(settingsOfArguments());
  process.send?.('ready');
  await told;
  await stop();
  process.exit(0);
}

const POOL = { max: 10, idleTimeoutMillis: 5_000, connectionTimeoutMillis: 2_000 };
/** Of a client without a second try: a machine that stands still takes neither its locks nor its place. */
const PATIENCE =
  '&options=-c%20lock_timeout%3D120s%20-c%20idle_in_transaction_session_timeout%3D120s';

/** The product's database library, with sessions that carry the name of the process. */
export function openAs(name: string, tier: 'oltp' | 'queue', logins: Logins): Database {
  return openWith(POOL, (url) => `${url}?application_name=${name}`, tier, logins);
}

/** The same for who gives up at the first failure, as the product's services do not. */
export function openPatiently(name: string, tier: 'oltp' | 'queue', logins: Logins): Database {
  const pool = { ...POOL, connectionTimeoutMillis: 120_000 };
  return openWith(pool, (url) => `${url}?application_name=${name}${PATIENCE}`, tier, logins);
}

function openWith(
  pool: typeof POOL,
  complete: (url: string) => string,
  tier: 'oltp' | 'queue',
  logins: Logins,
): Database {
  const [app, system] = [logins.appUrl, logins.systemUrl].map(complete) as [string, string];
  return openDatabase({
    tier,
    app: { ...pool, url: app },
    system: { ...pool, url: system },
    pooled: false,
  });
}
