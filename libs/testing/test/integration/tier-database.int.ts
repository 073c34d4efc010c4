import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { createTierDatabase, type TierDatabase } from '../../src/index.js';

async function rowsOf(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

describe('createTierDatabase', () => {
  let databases: TierDatabase[];

  beforeAll(async () => {
    databases = await Promise.all([createTierDatabase('oltp'), createTierDatabase('oltp')]);
  });

  afterAll(async () => {
    await Promise.all(databases.map((database) => database.drop()));
  });

  test('gives databases of their own, also when asked for at the same time', async () => {
    expect(new Set(databases.map(({ name }) => name)).size).toBe(2);
    await rowsOf(databases[0].adminUrl, 'CREATE TABLE only_here ()');
    await expect(rowsOf(databases[1].adminUrl, 'SELECT FROM only_here')).rejects.toThrow();
  });

  test('logs in as each role', async () => {
    const { appUrl, systemUrl, roUrl, migratorUrl } = databases[0];
    for (const [url, role] of [
      [appUrl, 'oltp_app'],
      [systemUrl, 'oltp_system'],
      [roUrl, 'oltp_ro'],
      [migratorUrl, 'oltp_migrator'],
    ]) {
      expect(await rowsOf(url, 'SELECT current_user AS role')).toEqual([{ role }]);
    }
  });

  test('has all migrations recorded', async () => {
    const [row] = await rowsOf(
      databases[0].adminUrl,
      'SELECT count(*)::int AS n FROM schema_migrations',
    );
    expect(row.n).toBeGreaterThan(2);
  });

  test('removes the database even while somebody is connected', async () => {
    const database = await createTierDatabase('content');
    const left = new pg.Client(database.appUrl);
    left.on('error', () => undefined);
    await left.connect();
    await database.drop();
    await expect(rowsOf(database.adminUrl, 'SELECT 1')).rejects.toThrow(/does not exist/);
  });
});
