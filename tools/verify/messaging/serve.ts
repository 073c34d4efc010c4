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

/** The product's database library, with sessions that carry the name of the process. */
export function openAs(name: string, tier: 'oltp' | 'queue', logins: Logins): Database {
  const named = (url: string) => `${url}?application_name=${name}`;
  return openDatabase({
    tier,
    app: { ...POOL, url: named(logins.appUrl) },
    system: { ...POOL, url: named(logins.systemUrl) },
    pooled: false,
  });
}
