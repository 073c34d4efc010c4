import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import type { Tier } from '../ports.ts';
import { withClient } from '../postgres/query.ts';
import { root } from '../repository.ts';
import type { DatabasePasswords } from '../secrets.ts';
import type { TierDatabase } from './tier-database.ts';

const NO_SUCH_DATABASE = '3D000';
const EXISTS_ALREADY = ['42P04', '23505'];

/** Makes the database when there is none, the tier's roles, and their passwords. Repeatable. */
export async function provision(
  { tier, urls }: TierDatabase,
  passwords: DatabasePasswords,
): Promise<void> {
  await createIfMissing(urls.admin);
  const roles = readFileSync(join(root, 'infra', 'postgres', 'roles.sql'), 'utf8');
  await withClient(urls.admin, async (client) => {
    await client.query("SELECT set_config('penguinmails.tier', $1, false)", [tier]);
    await client.query(roles);
    await setPasswords(client, tier, passwords);
  });
}

async function createIfMissing(adminUrl: string): Promise<void> {
  try {
    await withClient(adminUrl, (client) => client.query('SELECT 1'));
  } catch (error) {
    if ((error as { code?: string }).code !== NO_SUCH_DATABASE) throw error;
    await createDatabase(adminUrl);
  }
}

async function createDatabase(adminUrl: string): Promise<void> {
  const url = new URL(adminUrl);
  const name = decodeURIComponent(url.pathname.slice(1));
  url.pathname = '/postgres';
  await withClient(url.href, async (client) => {
    try {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
    } catch (error) {
      if (!EXISTS_ALREADY.includes((error as { code?: string }).code ?? '')) throw error;
    }
  });
}

async function setPasswords(
  client: Client,
  tier: Tier,
  passwords: DatabasePasswords,
): Promise<void> {
  for (const role of ['migrator', 'app', 'system', 'ro'] as const) {
    const name = client.escapeIdentifier(`${tier}_${role}`);
    await client.query(`ALTER ROLE ${name} PASSWORD ${client.escapeLiteral(passwords[role])}`);
  }
}
