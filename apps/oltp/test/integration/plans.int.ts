import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SystemDatabase, TenantDatabase } from '@penguinmails/database';
import { ContentReferenceRepository } from '../../src/consistency/content-reference.repository.js';
import { AttemptRepository } from '../../src/email/attempt.repository.js';
import { EmailRepository } from '../../src/email/email.repository.js';
import { EmailSystemRepository } from '../../src/email/email.system.repository.js';
import { explainPrepared, planModes } from '@penguinmails/testing';
import { batchOf } from './accepting.js';
import { OltpParts, type TestTenant } from './oltp-parts.js';

/**
 * The plan trap of reference/send-path.md: the e-mails were written since the last ANALYZE, so the
 * planner believes that the tenant has none, and every index that starts with tenant_id looks cheap.
 */
let parts: OltpParts;
beforeAll(async () => {
  parts = await OltpParts.open();
  await parts.admin.query('ALTER TABLE emails SET (autovacuum_enabled = off)');
});
afterAll(() => parts.close());

/** A transaction that explains what a repository would run, planned both ways. */
const explaining = <T extends { query: (...args: never[]) => Promise<unknown> }>(
  tx: T,
  plans: string[],
): T =>
  Object.assign(Object.create(tx) as T, {
    query: async (text: string, values: unknown[]) => {
      const run = tx.query as unknown as (sql: string) => Promise<{ rows: unknown[] }>;
      for (const mode of planModes) {
        const options = 'ANALYZE, FORMAT JSON';
        const query = (sql: string) => run.call(tx, sql);
        plans.push(JSON.stringify(await explainPrepared(query, mode, options, text, values)));
      }
      return { rows: [], rowCount: 0 };
    },
  });

const SITUATIONS: [string, number, number][] = [
  ['many small tenants', 60, 40],
  ['few large tenants', 3, 4000],
  ['an empty table', 0, 0],
];

describe.each(SITUATIONS)('after an ANALYZE of %s', (_name, tenants, each) => {
  let fresh: TestTenant;
  let rows: { id: string; content_storage_key: string }[];
  beforeAll(async () => {
    await parts.admin.query('TRUNCATE emails');
    for (let i = 0; i < tenants; i += 1)
      await parts.insertEmails(await parts.newTenant(), 'delivered', each);
    await parts.admin.query('ANALYZE emails');
    fresh = await parts.newTenant();
    await parts.insertEmails(fresh, 'queued', 20_000);
    rows = await parts.rows(
      'SELECT id, content_storage_key FROM emails WHERE tenant_id = $1 LIMIT 500',
      [fresh.id],
    );
  });

  const plansOf = (work: (plans: string[]) => Promise<unknown>): Promise<string[]> => {
    const plans: string[] = [];
    return work(plans).then(() => plans);
  };

  it('begin and outcomes find each row by its primary key', async () => {
    const ids = rows.map(({ id }) => id);
    const tenantPlans = await plansOf((plans) =>
      parts.get(TenantDatabase).transaction(fresh.id, async (tx) => {
        const explained = explaining(tx, plans);
        const attempts = parts.get(AttemptRepository);
        await attempts.lock(explained, ids);
        await attempts.begin(
          explained,
          ids.map((id) => ({ id, attempt: 1 })),
        );
        const batch = batchOf(explained, ids.length);
        await attempts.read(batch, ids);
        const version = { rowVersion: 1, attempt: 1, sentAt: new Date() };
        await attempts.beginUnchanged(
          batch,
          ids.map((id, n) => ({ n, id, ...version })),
          [],
        );
        await attempts.suppress(explained, ids);
        await parts.get(EmailRepository).find(explained, ids[0]);
      }),
    );
    const systemPlans = await plansOf((plans) =>
      parts.get(SystemDatabase).transaction(async (tx) => {
        const explained = explaining(tx, plans);
        const emails = parts.get(EmailSystemRepository);
        const pairs = ids.map((id) => ({ tenantId: fresh.id, id }));
        const change = { status: 'delivered', attempt: 1, begun: true, finished: true } as const;
        await emails.lock(explained, pairs);
        await emails.recordOutcomes(
          explained,
          pairs.map((pair) => ({ ...pair, ...change, errorCode: null, occurredAt: new Date() })),
        );
        await emails.suppressRecipients(explained, pairs);
      }),
    );
    expect(tenantPlans).toHaveLength(12);
    expect(systemPlans).toHaveLength(6);
    for (const plan of [...tenantPlans, ...systemPlans]) {
      expect(plan).toContain('"Index Name":"emails_pkey"');
      expect(plan).not.toContain('idx_emails');
      expect(plan).not.toMatch(/"Seq Scan"[^{]*"emails"/);
    }
  });

  it('references are found by their index', async () => {
    const keys = rows.map((row) => row.content_storage_key);
    const plans = await plansOf((plans) =>
      parts
        .get(TenantDatabase)
        .transaction(fresh.id, (tx) =>
          parts.get(ContentReferenceRepository).held(explaining(tx, plans), keys),
        ),
    );
    expect(plans).toHaveLength(2);
    for (const plan of plans) {
      expect(plan).toContain('"Index Name":"idx_emails_tenant_content"');
      expect(plan).not.toMatch(/"Seq Scan"[^{]*"emails"/);
    }
  });
});
