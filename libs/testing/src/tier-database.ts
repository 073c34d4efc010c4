import { randomBytes } from 'node:crypto';
import { withAdmin } from './admin-connection.js';
import { eventually } from './eventually.js';
import { ensureTemplate, loginPassword } from './template-database.js';
import { testPostgresAdminUrl } from './testing.config.js';

export type TierName = 'oltp' | 'content' | 'olap' | 'queue' | 'notifications';

/** A database of one tier, cloned from a template; the roles have the test passwords. */
export interface TierDatabase {
  readonly name: string;
  readonly appUrl: string;
  readonly systemUrl: string;
  readonly roUrl: string;
  readonly migratorUrl: string;
  /** Superuser in this database. */
  readonly adminUrl: string;
  /** Ends the sessions that are left and drops the database. */
  drop(): Promise<void>;
}

export interface TierDatabaseOptions {
  /** Superuser URL of another cluster than TEST_POSTGRES_ADMIN_URL. */
  readonly adminUrl?: string;
}

const logins = ['app', 'system', 'ro', 'migrator'] as const;

function urlOf(adminUrl: string, database: string, login?: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  if (login) {
    url.username = login;
    url.password = loginPassword(login);
  }
  return url.href;
}

function describe(adminUrl: string, tier: TierName, name: string): TierDatabase {
  return {
    name,
    appUrl: urlOf(adminUrl, name, `${tier}_app`),
    systemUrl: urlOf(adminUrl, name, `${tier}_system`),
    roUrl: urlOf(adminUrl, name, `${tier}_ro`),
    migratorUrl: urlOf(adminUrl, name, `${tier}_migrator`),
    adminUrl: urlOf(adminUrl, name),
    // The server gives up on a session that does not end within 5 s.
    drop: async () => {
      const text = `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`;
      await eventually(() => withAdmin(adminUrl, (admin) => admin.query(text)));
    },
  };
}

/**
 * A fresh database with the schema of schemas/<tier>/schema.sql. The template behind it is built once
 * per cluster, day (its time partitions) and content of the schema file.
 */
export async function createTierDatabase(
  tier: TierName,
  { adminUrl = testPostgresAdminUrl() }: TierDatabaseOptions = {},
): Promise<TierDatabase> {
  const template = await ensureTemplate(adminUrl, tier);
  const name = `test_${tier}_${process.pid}_${randomBytes(5).toString('hex')}`;
  await withAdmin(adminUrl, async (admin) => {
    // Refused while who has just built the template is still leaving it.
    await eventually(() => admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
    // Rights on the database itself are not copied from the template.
    await admin.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
    const roles = logins.map((login) => `${tier}_${login}`).join(', ');
    await admin.query(`GRANT CONNECT ON DATABASE ${name} TO ${roles}`);
  });
  return describe(adminUrl, tier, name);
}
