import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { isInfrastructure } from '@penguinmails/database';
import { eventually } from '@penguinmails/testing';
import { AcceptTogether } from '../../src/email/accept-together.js';
import { GetEmail } from '../../src/email/get-email.js';
import type { IdempotencyClaim } from '../../src/idempotency/idempotency.repository.js';
import { ReserveTogether } from '../../src/idempotency/reserve-together.js';
import {
  acceptTogether,
  bodyOf,
  newClaim,
  reserveFor,
  said,
  type Sent,
  TRACE,
  transactionsOfEmails,
} from './accepting.js';
import { callerOf, OltpParts, type TestTenant } from './oltp-parts.js';

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
const transactionsOf = (ids: readonly string[]) => transactionsOfEmails(parts, ids);
const countedOf = async ({ id }: TestTenant): Promise<number> => {
  const [row] = await parts.rows<{ sum: number }>(
    'SELECT coalesce(sum(amount), 0)::int AS sum FROM usage_deltas WHERE tenant_id = $1',
    [id],
  );
  return row.sum;
};

describe('accepting e-mails together', () => {
  it('stores those of several tenants in one transaction, each as one by itself', async () => {
    const single = parts.command(tenant, { tags: [{ name: 'kind', value: 'a "b" \\ é' }] });
    const later = new Date(Date.now() + 3_600_000);
    const { outcomes, ids } = await accept(
      { of: tenant, change: { ...single } },
      { of: other },
      { of: tenant, change: { scheduledAt: later, replyTo: 'help@customer.example' } },
    );
    expect(said(outcomes)).toEqual([202, 202, 202]);
    expect(outcomes.map((outcome) => bodyOf(outcome).id)).toEqual(ids);
    expect(bodyOf(outcomes[0])).toMatchObject({
      status: 'queued',
      mode: 'live',
      from: tenant.from,
      tags: single.tags,
      message_id: `<${ids[0]}@${tenant.from.split('@')[1]}>`,
      size_bytes: 100,
    });
    expect(bodyOf(outcomes[2])).toMatchObject({
      status: 'scheduled',
      reply_to: 'help@customer.example',
      scheduled_at: later.toISOString(),
    });
    expect(await transactionsOf(ids)).toBe(1);
  });

  it('says what stands: each answer is the resource that is read back', async () => {
    const { outcomes, ids } = await accept({ of: tenant }, { of: other });
    for (const [at, of] of [tenant, other].entries()) {
      const read = await parts.get(GetEmail).execute(of.id, ids[at]);
      expect(bodyOf(outcomes[at])).toEqual(read.email);
    }
  });

  it('writes the same row and the same events as the single way', async () => {
    await parts.takeEvents();
    const one = await parts.accept(tenant);
    const alone = await parts.takeEvents();
    const { ids } = await accept({ of: tenant }, { of: other });
    const together = (await parts.takeEvents()).filter(({ key }) => key === ids[0]);
    const shape = (events: typeof alone, id: string) =>
      events.map(({ type, tenant_id, key, data }) => ({
        type,
        tenant_id,
        key: key === id,
        data: { ...data, email_id: 'id', storage_key: 'key', occurred_at: 'time' },
      }));
    expect(shape(together, ids[0])).toEqual(shape(alone, one));
    expect(Object.keys(together[0].headers).sort()).toEqual(
      [...new Set([...Object.keys(alone[0].headers), 'traceparent'])].sort(),
    );
    expect(together[0].headers.traceparent).toBe(TRACE.traceparent);
    const columns = `to_jsonb(e) - '{id,message_id,content_storage_key,created_at,updated_at}'::text[]`;
    const rows = await parts.rows<{ row: object }>(
      `SELECT ${columns} AS row FROM emails e WHERE id = ANY($1)`,
      [[one, ids[0]]],
    );
    expect(rows[0].row).toEqual(rows[1].row);
  });

  it('refuses the bad ones and takes the good ones beside them', async () => {
    const gone = await accept({ of: tenant, change: { to: 'Gone@customer.example' } });
    await parts.admin.query(
      `INSERT INTO suppressions (tenant_id, mode, address_hash, reason)
       SELECT tenant_id, 'live', recipient_hash, 'manual' FROM emails WHERE id = $1`,
      [gone.ids[0]],
    );
    const before = await countedOf(tenant);
    await parts.takeEvents();
    const { outcomes, ids } = await accept(
      { of: tenant },
      { of: tenant, change: { from: other.from } },
      { of: tenant, change: { to: 'nobody' } },
      { of: tenant, change: { to: 'gone@CUSTOMER.example' } },
      { of: other, change: { from: tenant.from } },
      { of: other },
    );
    expect(said(outcomes)).toEqual([
      202,
      'sender_not_allowed',
      'validation_failed',
      202,
      'sender_not_allowed',
      202,
    ]);
    expect(bodyOf(outcomes[3]).status).toBe('suppressed');
    const rows = await parts.rows<{ id: string; tenant_id: string }>(
      'SELECT id, tenant_id FROM emails WHERE id = ANY($1) ORDER BY id',
      [ids],
    );
    const stored = [0, 3, 5].map((at) => ({
      id: ids[at],
      tenant_id: (at === 5 ? other : tenant).id,
    }));
    expect(rows).toEqual(stored.sort((a, b) => (a.id < b.id ? -1 : 1)));
    expect((await countedOf(tenant)) - before).toBe(2);
    const types = (await parts.takeEvents()).map(({ type }) =>
      type.split('.').slice(1, 3).join('.'),
    );
    expect(types.sort()).toEqual([
      'content.references_answered',
      'email.accepted',
      'email.accepted',
      'email.queued',
      'email.queued',
      'email.suppressed',
    ]);
  });

  it('an id that is taken costs the others nothing', async () => {
    const first = await accept({ of: tenant });
    const { outcomes, ids } = await accept(
      { of: tenant },
      { of: tenant, change: { id: first.ids[0] } },
      { of: other },
    );
    expect(said(outcomes)).toEqual([202, 'email_exists', 202]);
    for (const at of [0, 2]) expect(await parts.status(ids[at])).toBe('queued');
    const events = await parts.takeEvents();
    const accepted = events.filter(({ type }) => type === 'penguinmails.email.accepted.v1');
    expect(accepted.map(({ key }) => key).sort()).toEqual([first.ids[0], ids[0], ids[2]].sort());
  });

  it('answers a key only for the request that holds it', async () => {
    const [held, lost, foreign] = [newClaim(), newClaim(), newClaim()];
    await reserve(held);
    await reserve({ ...lost, holder: newId() });
    await reserve(foreign, other.id);
    await parts.takeEvents();
    const { outcomes, ids } = await accept(
      { of: tenant, change: { idempotency: held } },
      { of: tenant, change: { idempotency: lost } },
      { of: tenant, change: { idempotency: foreign } },
      { of: tenant, change: { idempotency: newClaim() } },
    );
    const refused = 'idempotency_holder_lost';
    expect(said(outcomes)).toEqual([202, refused, refused, refused]);
    expect(await reserve({ ...held, holder: newId() })).toEqual({
      state: 'done',
      status: 202,
      response: bodyOf(outcomes[0]),
    });
    expect(await reserve(lost)).toEqual({ state: 'in_progress' });
    const rows = await parts.rows('SELECT id FROM emails WHERE id = ANY($1)', [ids]);
    expect(rows).toEqual([{ id: ids[0] }]);
    expect((await parts.takeEvents()).map(({ key }) => key)).toEqual([ids[0], ids[0]]);
    const again = await accept({ of: tenant, change: { idempotency: held } });
    expect(said(again.outcomes)).toEqual([refused]);
  });

  it('counts once what is live, and refuses what is over the limit', async () => {
    const small = await parts.newTenant();
    await parts.admin.query('UPDATE tenants SET monthly_email_limit = 3 WHERE id = $1', [small.id]);
    const first = await accept({ of: small }, { of: small }, { of: small });
    expect(said(first.outcomes)).toEqual([202, 202, 202]);
    expect(await countedOf(small)).toBe(3);
    const next = await accept({ of: small }, { of: other });
    expect(said(next.outcomes)).toEqual(['plan_limit_reached', 202]);
  });

  it('a lost database is the outcome of all of them', async () => {
    const apart = await OltpParts.open();
    const of = await apart.newTenant();
    const calls = [1, 2].map(() => ({
      caller: callerOf(of),
      command: apart.command(of),
      trace: {},
    }));
    await apart.admin.query(
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 0', current_database()); END $$`,
    );
    await apart.admin.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    const outcomes = await apart.get(AcceptTogether).execute(calls);
    const errors = outcomes.map((outcome) =>
      isInfrastructure((outcome as { error: unknown }).error),
    );
    expect(errors).toEqual([true, true]);
    await apart.close();
  });
});

describe('reserving keys together', () => {
  const together = async (...claims: [IdempotencyClaim, string, TestTenant?][]) => {
    const calls = claims.map(([claim, fingerprint, of = tenant]) => ({
      tenantId: of.id,
      claim,
      fingerprint,
    }));
    const outcomes = await parts.get(ReserveTogether).execute(calls);
    return outcomes.map((outcome) => (outcome as { body: { state: string } }).body.state);
  };

  it('takes each key once, for one request, in one transaction', async () => {
    const [one, two] = [newClaim(), newClaim()];
    const states = await together(
      [one, 'f'],
      [{ ...one, holder: newId() }, 'f'],
      [{ ...one, holder: newId() }, 'g'],
      [two, 'f'],
      [{ ...one, holder: newId() }, 'x', other],
    );
    expect(states).toEqual(['reserved', 'in_progress', 'mismatch', 'reserved', 'reserved']);
    const rows = await parts.rows<{ holder: string; transaction: string }>(
      `SELECT holder, xmin::text AS transaction FROM idempotency_keys WHERE key = ANY($1)`,
      [[one.key, two.key]],
    );
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map(({ transaction }) => transaction)).size).toBe(1);
    expect(await together([one, 'f'], [two, 'other'])).toEqual(['reserved', 'mismatch']);
  });

  it('replays the answer of a key that is done', async () => {
    const claim = newClaim();
    await reserve(claim);
    const { outcomes } = await accept({ of: tenant, change: { idempotency: claim } });
    const calls = [{ ...claim, holder: newId() }, newClaim()].map((each) => ({
      tenantId: tenant.id,
      claim: each,
      fingerprint: 'f',
    }));
    const states = await parts.get(ReserveTogether).execute(calls);
    expect(states).toEqual([
      { status: 200, body: { state: 'done', status: 202, response: bodyOf(outcomes[0]) } },
      { status: 200, body: { state: 'reserved' } },
    ]);
  });

  it('does not wait for ever for a key that somebody is about to take', async () => {
    const [busy, free] = [newClaim(), newClaim()];
    const writer = parts.admin;
    await writer.query('BEGIN');
    await writer.query(
      `INSERT INTO idempotency_keys (tenant_id, key, method, route, fingerprint, holder)
       VALUES ($1, $2, 'POST', '/v1/emails', 'f', 'somebody')`,
      [tenant.id, busy.key],
    );
    // The batch gives up after half a second; then each goes by itself, and the busy one waits alone.
    const work = together([busy, 'f'], [free, 'f', other]);
    await eventually(async () => {
      const { rows } = await writer.query('SELECT FROM idempotency_keys WHERE key = $1', [
        free.key,
      ]);
      return rows.length === 1;
    });
    await writer.query('COMMIT');
    expect(await work).toEqual(['in_progress', 'reserved']);
  });
});
