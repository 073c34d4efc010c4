import pg from 'pg';

/** Runs `work` on a superuser connection of its own. */
export async function withAdmin<T>(
  url: string,
  work: (admin: pg.Client) => Promise<T>,
): Promise<T> {
  const admin = new pg.Client({ connectionString: url, connectionTimeoutMillis: 60_000 });
  let broken: Error | undefined;
  admin.on('error', (error) => (broken = error));
  await admin.connect();
  try {
    return await work(admin);
  } catch (error) {
    throw broken ?? error;
  } finally {
    await admin.end();
  }
}
