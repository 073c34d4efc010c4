import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import {
  type Database,
  type DatabaseSettings,
  openDatabase,
  type SystemTransaction,
  type TenantTransaction,
} from '@penguinmails/database';
import { AcceptanceDraft } from '../../src/email/acceptance-draft.js';
import { AcceptanceRepository } from '../../src/email/acceptance.repository.js';
import { AcceptedEmailRepository } from '../../src/email/accepted-email.repository.js';
import { AttemptRepository } from '../../src/email/attempt.repository.js';
import { EmailRepository } from '../../src/email/email.repository.js';
import { EmailSystemRepository } from '../../src/email/email.system.repository.js';
import { patientPools } from '@penguinmails/testing';
import { oltpDatabaseSettings } from '../../src/persistence/oltp-database.js';
import { batchOf } from './accepting.js';
import { callerOf, OltpParts, type TestTenant } from './oltp-parts.js';

/**
 * A statement's plan is made once per session and kept. Here every plan is made while the tables are
 * small and used when the tenant has many rows, before anybody has analysed them.
 */
const GROWTH: [few: number, many: number][] = [
  [0, 200],
  [0, 20_000],
  [20, 20_000],
];
const SOME = 50;

let parts: OltpParts;
let settings: DatabaseSettings;
let database: Database;
let tenant: TestTenant;

beforeAll(async () => {
  parts = await OltpParts.open();
  const secret = (value: string) => ({ reveal: () => value });
  const urls = { url: secret(parts.tier.appUrl), systemUrl: secret(parts.tier.systemUrl) };
  settings = oltpDatabaseSettings({ ...urls, pooled: false }, {});
  for (const table of ['emails', 'idempotency_keys'])
    await parts.admin.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
});
afterAll(() => parts.close());
beforeEach(async () => {
  const one = {
    ...settings,
    app: { ...settings.app, max: 1 },
    system: { ...settings.system, max: 1 },
  };
  database = openDatabase(patientPools(one));
  await parts.admin.query('TRUNCATE emails, idempotency_keys CASCADE');
  tenant = await parts.newTenant();
});
afterEach(() => database.close());

/** Rows of a table that statements have fetched by an index, in their own transaction. */
async function fetched(tx: TenantTransaction | SystemTransaction, table: string): Promise<number> {
  const { rows } = await tx.query<{ fetched: string }>(
    'SELECT idx_tup_fetch + seq_tup_read AS fetched FROM pg_stat_xact_user_tables WHERE relname = $1',
    [table],
  );
  return Number(rows[0].fetched);
}

describe('e-mails', () => {
  /** What an attempt asks about these e-mails, from begin to outcome. */
  const attempt = (ids: readonly string[]): Promise<number> =>
    database.tenants.transaction(tenant.id, async (tx) => {
      const attempts = parts.get(AttemptRepository);
      await attempts.lock(tx, ids);
      const batch = batchOf(tx, ids.length);
      await attempts.read(batch, ids);
      await attempts.beginUnchanged(
        batch,
        ids.map((id, n) => ({ n, id, rowVersion: 1, attempt: 1, sentAt: new Date() })),
        [],
      );
      await parts.get(EmailRepository).find(tx, ids[0]);
      return fetched(tx, 'emails');
    });

  /** What the events about deliveries ask, over all tenants. */
  const outcome = (ids: readonly string[]): Promise<number> =>
    database.system.transaction(async (tx) => {
      const emails = parts.get(EmailSystemRepository);
      const pairs = ids.map((id) => ({ tenantId: tenant.id, id }));
      const change = { status: 'delivered', attempt: 1, begun: true, finished: true } as const;
      await emails.lock(tx, pairs);
      await emails.recordOutcomes(
        tx,
        pairs.map((pair) => ({ ...pair, ...change, errorCode: null, occurredAt: new Date() })),
      );
      await emails.suppressRecipients(tx, pairs);
      return fetched(tx, 'emails');
    });

  const insert = async (count: number): Promise<string[]> =>
    (await parts.insertEmails(tenant, 'queued', count)).slice(0, SOME);

  it.each(GROWTH)('are found by their keys alone, first %i, then %i', async (few, many) => {
    await insert(few);
    await attempt([newId()]);
    await outcome([newId()]);
    const ids = await insert(many);
    expect(await attempt(ids)).toBeLessThan(20 * SOME);
    expect(await outcome(ids)).toBeLessThan(20 * SOME);
  });

  it('are not, unless the planner is told that tenants are large', async () => {
    await parts.admin.query(
      "SELECT pg_clear_attribute_stats('public', 'emails', 'tenant_id', false)",
    );
    await attempt([newId()]);
    expect(await attempt(await insert(200))).toBeGreaterThan(100 * SOME);
    await parts.admin.query("SELECT assume_large_tenants('emails')");
  });
});

describe('Idempotency-Keys', () => {
  const route = '/v1/emails';
  const claimOf = (key: string) => ({
    ...{ key, method: 'POST', route, fingerprint: 'f', holder: `holder of ${key}` },
  });

  /** Accepts an e-mail whose key is reserved. */
  const accept = async (key: string): Promise<number> => {
    await parts.admin.query(
      `INSERT INTO idempotency_keys (tenant_id, key, method, route, fingerprint, holder)
       VALUES ($1, $2, 'POST', $3, 'f', $4)`,
      [tenant.id, key, route, `holder of ${key}`],
    );
    const command = parts.command(tenant, { idempotency: claimOf(key) });
    const call = { caller: callerOf(tenant), command, trace: {} };
    const drafts = parts.get(AcceptanceDraft);
    const read = drafts.read(call);
    return database.tenants.transaction(tenant.id, async (tx) => {
      const batch = batchOf(tx, 1);
      const answers = await parts.get(AcceptanceRepository).askForMany(batch, [read.question]);
      const drawn = { ...drafts.draw({ ...read, acceptance: answers.get(0)! }), n: 0 };
      const stored = await parts.get(AcceptedEmailRepository).store(batch, [drawn], []);
      expect([...stored]).toEqual([0]);
      return fetched(tx, 'idempotency_keys');
    });
  };

  const insert = (count: number, name: string): Promise<unknown> =>
    parts.admin.query(
      `INSERT INTO idempotency_keys (tenant_id, key, method, route, fingerprint, holder)
       SELECT $1, $4 || n, 'POST', $2, 'f', 'h' FROM generate_series(1, $3::int) AS n`,
      [tenant.id, route, count, name],
    );

  it.each(GROWTH)('are found by themselves, first %i, then %i', async (few, many) => {
    await insert(few, 'early');
    await accept('the first one');
    await insert(many, 'late');
    expect(await accept('one of many')).toBeLessThan(20);
  });
});

describe('that all rows are of whoever asks', () => {
  const statistics = (table: string) =>
    parts.admin.query(
      `SELECT n_distinct, most_common_freqs::text AS frequent FROM pg_stats
       WHERE tablename = $1 AND attname = 'tenant_id'`,
      [table],
    );

  const insertForMany = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) {
      const another = await parts.newTenant();
      await parts.insertEmails(another, 'queued', 3);
      await parts.admin.query(
        `INSERT INTO idempotency_keys (tenant_id, key, method, route, fingerprint, holder)
         SELECT $1, n, 'POST', '/v1/emails', 'f', 'h' FROM generate_series(1, 3) AS n`,
        [another.id],
      );
    }
  };

  it.each(['emails', 'idempotency_keys'])(
    'replaces what was known about the tenants of %s',
    async (table) => {
      await insertForMany();
      await parts.admin.query(`ALTER TABLE ${table} ALTER COLUMN tenant_id SET STATISTICS -1`);
      await parts.admin.query(`ANALYZE ${table}`);
      expect((await statistics(table)).rows).toEqual([
        { n_distinct: expect.any(Number), frequent: expect.stringMatching(/^\{0\.1/) },
      ]);
      await parts.admin.query('SET ROLE oltp_owner');
      await parts.admin.query('SELECT assume_large_tenants($1)', [table]);
      await parts.admin.query('RESET ROLE');
      await parts.admin.query(`ANALYZE ${table}`);
      expect((await statistics(table)).rows).toEqual([{ n_distinct: 1, frequent: null }]);
    },
  );
});
