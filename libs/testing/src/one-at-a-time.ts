import pg from 'pg';
import { testPostgresAdminUrl } from './testing.config.js';

/** Below what hooks may take: who waits in vain fails by this, and does not wait on behind the hook. */
const LOCK_TIMEOUT = '200s';

/**
 * Until the function that comes back is called, whoever asks for the same name waits, in other test
 * processes too. All files share one Kafka: two members of a consumer group share the records there.
 */
export async function oneAtATime(name: string): Promise<() => Promise<void>> {
  const holder = new pg.Client({ connectionString: testPostgresAdminUrl(), keepAlive: true });
  let broken: Error | undefined;
  holder.on('error', (error) => (broken = error));
  try {
    await holder.connect();
    await holder.query(`SET lock_timeout = '${LOCK_TIMEOUT}'`);
    await holder.query('SELECT pg_advisory_lock(hashtextextended($1, 1))', [name]);
  } catch (error) {
    await holder.end().catch(() => undefined);
    throw error;
  }
  return async () => {
    if (broken) throw broken;
    await holder.end();
  };
}
