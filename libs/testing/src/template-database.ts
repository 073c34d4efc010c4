import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { withAdmin } from './admin-connection.js';
import type { TierName } from './tier-database.js';

/** Passwords of the roles in test clusters: the role's name with a prefix. */
export function loginPassword(role: string): string {
  return `test-${role}`;
}

async function readSchema(tier: TierName): Promise<string> {
  return readFile(new URL(`../../../schemas/${tier}/schema.sql`, import.meta.url), 'utf8');
}

function templateName(tier: TierName, schema: string): string {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const hash = createHash('sha256').update(schema).digest('hex').slice(0, 12);
  return `template_${tier}_${day}_${hash}`;
}

/** A template counts only when it was finished: the flag is set last. */
async function exists(admin: pg.Client, name: string): Promise<boolean> {
  const { rowCount } = await admin.query(
    'SELECT FROM pg_database WHERE datname = $1 AND datistemplate',
    [name],
  );
  return rowCount === 1;
}

async function setPasswords(admin: pg.Client, tier: TierName): Promise<void> {
  for (const login of ['app', 'system', 'ro', 'migrator']) {
    const role = `${tier}_${login}`;
    await admin.query(`ALTER ROLE ${role} PASSWORD '${loginPassword(role)}'`);
  }
}

function urlIn(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function build(adminUrl: string, admin: pg.Client, tier: TierName, name: string) {
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${name}`);
  const schema = await readSchema(tier);
  await withAdmin(urlIn(adminUrl, name), (inside) => inside.query(schema));
  await setPasswords(admin, tier);
  await admin.query(`ALTER DATABASE ${name} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`);
}

/**
 * Name of the template of today's schema, built when missing. Roles belong to the cluster and
 * advisory locks to a database, so all builders meet at one lock in the admin's own database.
 */
export async function ensureTemplate(adminUrl: string, tier: TierName): Promise<string> {
  const name = templateName(tier, await readSchema(tier));
  await withAdmin(adminUrl, async (admin) => {
    if (await exists(admin, name)) return;
    await admin.query("SELECT pg_advisory_lock(hashtextextended('penguinmails.testing', 0))");
    if (!(await exists(admin, name))) await build(adminUrl, admin, tier, name);
  });
  return name;
}
