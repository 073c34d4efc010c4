import pg from 'pg';
import { type Database, type DatabaseSettings, openDatabase, sqlState } from '../../src/index.js';
import { createTierDatabase, type TierDatabase } from '@penguinmails/testing';

export const A = '0198c0de-0000-7000-8000-00000000000a';
export const B = '0198c0de-0000-7000-8000-00000000000b';

/** SQLSTATE of the error with which it ends. */
export const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(() => 'no error', sqlState);

/** Rows that say under which tenant a session of the pool is when nobody says one. */
export const tenantLeftOn = async (database: Database): Promise<unknown> =>
  (
    await database.tenants.slice((slice) =>
      slice.query("SELECT current_setting('app.current_tenant_id', true) AS tenant"),
    )
  ).rows;

const NOTES = `
SET ROLE notifications_owner;
CREATE TABLE notes (
  tenant_id uuid NOT NULL,
  id integer NOT NULL,
  body text NOT NULL CHECK (body <> ''),
  PRIMARY KEY (tenant_id, id)
);
SELECT secure_tenant_table('notes', 'SELECT, INSERT, UPDATE, DELETE', 'SELECT, UPDATE');
CREATE TABLE counters (name text PRIMARY KEY, value integer NOT NULL);
SELECT secure_platform_table('counters', 'SELECT, INSERT, UPDATE', 'SELECT, UPDATE');
RESET ROLE;`;

/** A tier database with two tables of the test's own: `notes` of tenants, `counters` of nobody. */
export interface NotesDatabase {
  readonly tier: TierDatabase;
  /** Superuser, past all policies. */
  readonly admin: pg.Client;
  /** Whose notes there are, all tenants', by their ids. */
  stored(): Promise<unknown[]>;
  open(overrides?: Partial<DatabaseSettings> & { max?: number }): Database;
  settings(overrides?: Partial<DatabaseSettings> & { max?: number }): DatabaseSettings;
  drop(): Promise<void>;
}

export async function createNotesDatabase(adminUrl?: string): Promise<NotesDatabase> {
  const tier = await createTierDatabase('notifications', { adminUrl });
  const admin = new pg.Client(tier.adminUrl);
  await admin.connect();
  await admin.query(NOTES);
  const opened: Database[] = [];
  const settings: NotesDatabase['settings'] = ({ max = 4, ...overrides } = {}) => {
    const pool = { max, idleTimeoutMillis: 600_000, connectionTimeoutMillis: 60_000 };
    return {
      tier: 'notifications',
      app: { url: tier.appUrl, ...pool },
      system: { url: tier.systemUrl, ...pool },
      pooled: false,
      ...overrides,
    };
  };
  return {
    tier,
    admin,
    settings,
    stored: async () => (await admin.query('SELECT tenant_id, id FROM notes ORDER BY id')).rows,
    open: (overrides) => {
      const database = openDatabase(settings(overrides));
      opened.push(database);
      return database;
    },
    drop: async () => {
      await Promise.all(opened.map((database) => database.close()));
      await admin.end();
      await tier.drop();
    },
  };
}
