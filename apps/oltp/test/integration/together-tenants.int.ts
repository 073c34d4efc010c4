import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { TenantDatabase, type TenantRows } from '@penguinmails/database';
import { AcceptanceRepository } from '../../src/email/acceptance.repository.js';
import { BeginTogether } from '../../src/email/begin-together.js';
import { CancelEmail } from '../../src/email/cancel-email.js';
import type { IdempotencyClaim } from '../../src/idempotency/idempotency.repository.js';
import {
  acceptTogether,
  bodyOf,
  newClaim,
  reserveFor,
  said,
  type Sent,
  transactionsOfEmails,
} from './accepting.js';
import { OltpParts, type TestTenant } from './oltp-parts.js';

let parts: OltpParts;
let tenant: TestTenant;
let other: TestTenant;

beforeAll(async () => {
  parts = await OltpParts.open();
  [tenant, other] = [await parts.newTenant(), await parts.newTenant()];
});
afterAll(() => parts.close());
afterEach(() => parts.takeEvents());

const accept = (...sent: Sent[]) => acceptTogether(parts, ...sent);
const reserve = (claim: IdempotencyClaim, tenantId = tenant.id) =>
  reserveFor(parts, claim, tenantId);

describe('e-mails of several tenants in one statement', () => {
  it('decides about each by the rows of its own tenant, however they are mixed', async () => {
    const [suspended, full, third] = await Promise.all([1, 2, 3].map(() => parts.newTenant()));
    await parts.admin.query("UPDATE tenants SET status = 'suspended' WHERE id = $1", [
      suspended.id,
    ]);
    await parts.admin.query('UPDATE tenants SET monthly_email_limit = 1 WHERE id = $1', [full.id]);
    await accept({ of: full });
    const gone = await accept({ of: third, change: { to: 'gone@customer.example' } });
    await parts.admin.query(
      `INSERT INTO suppressions (tenant_id, mode, address_hash, reason)
       SELECT t.id, 'live', e.recipient_hash, 'manual' FROM emails e CROSS JOIN tenants t
       WHERE e.id = $1 AND t.id IN ($2, $3)`,
      [gone.ids[0], third.id, tenant.id],
    );
    const claim = newClaim();
    for (const { id } of [third, tenant]) await reserve({ ...claim, holder: `of ${id}` }, id);
    const to = 'gone@customer.example';
    const keyed = (of: TestTenant) => ({ idempotency: { ...claim, holder: `of ${of.id}` } });
    await parts.takeEvents();
    const { outcomes, ids } = await accept(
      { of: tenant, change: { to, ...keyed(tenant) } },
      { of: full },
      { of: third, change: { to, ...keyed(third) } },
      { of: suspended },
      { of: other, change: { to } },
      { of: other, change: { to, ...keyed(third) } },
    );
    expect(said(outcomes)).toEqual([
      202,
      'plan_limit_reached',
      202,
      'tenant_not_active',
      202,
      'idempotency_holder_lost',
    ]);
    const good = [0, 2, 4];
    const status = good.map((at) => bodyOf(outcomes[at]).status);
    expect(status).toEqual(['queued', 'suppressed', 'queued']);
    expect(await transactionsOfEmails(parts, ids)).toBe(1);
    const owners = await parts.rows<{ tenant_id: string; id: string }>(
      `SELECT tenant_id, id FROM emails WHERE id = ANY($1) ORDER BY array_position($1, id)`,
      [ids],
    );
    const tenants = [tenant, third, other].map(({ id }) => id);
    expect(owners).toEqual(good.map((at, n) => ({ tenant_id: tenants[n], id: ids[at] })));
    const keys = await parts.rows<{ tenant_id: string; email: string }>(
      `SELECT tenant_id, response->>'id' AS email FROM idempotency_keys WHERE key = $1`,
      [claim.key],
    );
    const answered = new Map(keys.map((row) => [row.tenant_id, row.email]));
    expect(answered).toEqual(new Map([tenant, third].map(({ id }, at) => [id, ids[good[at]]])));
    const events = await parts.takeEvents();
    expect(events).toHaveLength(6);
    for (const event of events) {
      const at = owners.findIndex(({ id }) => id === event.data.email_id);
      const of = at < 0 ? third.id : owners[at].tenant_id;
      expect([event.tenant_id, event.headers.ce_tenantid]).toEqual([of, of]);
    }
  });

  it.each(['40001', '40P01', '55P03'])(
    '%s costs nobody anything: each goes by itself',
    async (code) => {
      await parts.admin.query(
        `CREATE SEQUENCE failures;
       CREATE FUNCTION fail_first() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN
         IF NEW.subject = 'fails' AND nextval('failures') < 3 THEN
           RAISE EXCEPTION 'not now' USING ERRCODE = '${code}';
         END IF;
         RETURN NEW;
       END $f$;
       CREATE TRIGGER fail_first BEFORE INSERT ON emails FOR EACH ROW EXECUTE FUNCTION fail_first()`,
      );
      const claim = newClaim();
      await reserve(claim);
      await parts.takeEvents();
      const { outcomes, ids } = await accept(
        { of: tenant, change: { idempotency: claim } },
        { of: other },
        { of: tenant, change: { subject: 'fails' } },
      );
      await parts.admin.query(
        'DROP TRIGGER fail_first ON emails; DROP FUNCTION fail_first(); DROP SEQUENCE failures',
      );
      const statuses = outcomes.map((outcome) => ('error' in outcome ? 'failed' : outcome.status));
      expect(statuses).toEqual([202, 202, code === '55P03' ? 'failed' : 202]);
      const stored = ids.filter((_id, at) => statuses[at] === 202);
      const rows = await parts.rows<{ id: string }>(
        'SELECT id FROM emails WHERE id = ANY($1) ORDER BY id',
        [ids],
      );
      expect(rows.map(({ id }) => id)).toEqual(stored.toSorted());
      const keys = (await parts.takeEvents()).map(({ key }) => key);
      expect(keys.toSorted()).toEqual(stored.flatMap((id) => [id, id]).toSorted());
    },
  );

  it('an answer that was read under another tenant counts for nothing', async () => {
    const recipientHash = randomBytes(32);
    await parts.admin.query(
      `INSERT INTO suppressions (tenant_id, mode, address_hash, reason)
       VALUES ($1, 'live', $3, 'manual'), ($2, 'live', $3, 'manual')`,
      [tenant.id, other.id, recipientHash],
    );
    const tenants = [tenant, other, tenant];
    const questions = tenants.map(({ from }) => ({
      mode: 'live' as const,
      senderNorm: from,
      recipientHash,
    }));
    const ids = tenants.map(({ id }) => id);
    const ask = (change: (text: string) => string) =>
      parts.get(TenantDatabase).rowByRow(ids, (tx) => {
        const query = (text: string, values?: readonly unknown[]) => tx.query(change(text), values);
        const changed = { ...tx, query } as TenantRows;
        return parts.get(AcceptanceRepository).askForMany(changed, questions);
      });
    const answers = await ask((text) => text);
    expect([...answers.keys()]).toEqual([0, 1, 2]);
    for (const [at, answer] of answers)
      expect(answer).toMatchObject({ suppressed: true, mailboxId: tenants[at].mailboxId });

    const late = `set_config('app.current_tenant_id', '${newId()}', true) = q.own_tenant::text AS own`;
    const read = "current_setting('app.current_tenant_id') = q.own_tenant::text AS own";
    const mutant = (text: string) => text.replace(read, late);
    expect(mutant(read)).not.toBe(read);
    expect([...(await ask(mutant))]).toEqual([]);
  });

  it('begins those of several tenants in one statement, each as its own tenant says', async () => {
    const { ids } = await accept({ of: tenant }, { of: other }, { of: tenant });
    await parts.get(CancelEmail).execute(tenant.id, ids[2]);
    const [foreign] = (await accept({ of: other })).ids;
    await parts.takeEvents();
    const groups = [
      { tenantId: tenant.id, attempts: new Map([0, 2].map((at) => [ids[at], 1])) },
      { tenantId: other.id, attempts: new Map([[ids[1], 1]]) },
    ];
    groups[0].attempts.set(foreign, 1);
    groups.sort((one, another) => (one.tenantId < another.tenantId ? -1 : 1));
    const answers = await parts.get(BeginTogether).execute(groups);
    const begun = answers.map((group) => group.map((answer) => answer.email_id));
    expect(begun).toEqual(groups.map(({ tenantId }) => [ids[tenantId === tenant.id ? 0 : 1]]));
    expect(await transactionsOfEmails(parts, ids.slice(0, 2))).toBe(1);
    expect(await parts.status(ids[2])).toBe('cancelled');
    expect(await parts.status(foreign)).toBe('queued');
    const events = await parts.takeEvents();
    const sent = events.map(({ type, key, tenant_id }) => [type.split('.')[2], key, tenant_id]);
    const due = [
      ['sent', ids[0], tenant.id],
      ['sent', ids[1], other.id],
    ];
    expect(sent.toSorted()).toEqual(due.toSorted());
  });
});
