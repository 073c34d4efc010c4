import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newEmailId, newId, newStorageKey } from '@penguinmails/contracts';
import { AcceptEmail } from '../../src/email/accept-email.js';
import { CancelEmail } from '../../src/email/cancel-email.js';
import { GetEmail } from '../../src/email/get-email.js';
import { ListEmails } from '../../src/email/list-emails.js';
import { FoldUsage } from '../../src/usage/fold-usage.js';
import { callerOf, OltpParts, problemOf, type TestTenant } from './oltp-parts.js';

let parts: OltpParts;
let tenant: TestTenant;
let other: TestTenant;

beforeAll(async () => {
  parts = await OltpParts.open();
  [tenant, other] = [await parts.newTenant(), await parts.newTenant()];
  await parts.takeEvents();
});
afterAll(() => parts.close());
afterEach(() => parts.takeEvents());

const typesOf = async (): Promise<string[]> => (await parts.takeEvents()).map(({ type }) => type);

describe('accepting an e-mail', () => {
  it('stores it once and tells queue, content and the public', async () => {
    const command = parts.command(tenant, { tags: [{ name: 'kind', value: 'welcome' }] });
    const email = await parts.get(AcceptEmail).execute(callerOf(tenant), command);
    expect(email).toMatchObject({
      object: 'email',
      id: command.id,
      status: 'queued',
      mode: 'live',
      from: tenant.from,
      to: 'ada@customer.example',
      tags: [{ name: 'kind', value: 'welcome' }],
      message_id: `<${command.id}@${tenant.from.split('@')[1]}>`,
      sent_at: null,
      last_error_code: null,
    });
    const events = await parts.takeEvents();
    expect(events.map(({ type }) => type)).toEqual([
      'penguinmails.email.accepted.v1',
      'penguinmails.email.queued.v1',
    ]);
    expect(events[0]).toMatchObject({
      tenant_id: tenant.id,
      key: command.id,
      data: {
        email_id: command.id,
        storage_key: command.storageKey,
        mailbox_id: tenant.mailboxId,
        mode: 'live',
        scheduled_at: null,
        size_bytes: 100,
        domain_key: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    });
    expect(JSON.stringify(events)).not.toContain('customer.example');
  });

  it('keeps one for later until its time, and sends one for the past at once', async () => {
    const later = new Date(Date.now() + 3_600_000);
    const id = await parts.accept(tenant, { scheduledAt: later });
    expect(await parts.status(id)).toBe('scheduled');
    const [accepted, scheduled] = await parts.takeEvents();
    expect(accepted.data.scheduled_at).toBe(later.toISOString());
    expect(scheduled.type).toBe('penguinmails.email.scheduled.v1');
    const past = await parts.accept(tenant, { scheduledAt: new Date(Date.now() - 1000) });
    expect(await parts.status(past)).toBe('queued');
    expect((await parts.takeEvents())[0].data.scheduled_at).toBeNull();
  });

  it('gives a suppressed recipient no job, and content the word to keep the body', async () => {
    const first = await parts.accept(tenant, { to: 'Gone@customer.example' });
    await parts.admin.query(
      `INSERT INTO suppressions (tenant_id, mode, address_hash, reason)
       SELECT tenant_id, 'live', recipient_hash, 'manual' FROM emails WHERE id = $1`,
      [first],
    );
    await parts.takeEvents();
    const command = parts.command(tenant, { to: 'gone@CUSTOMER.example' });
    await parts.get(AcceptEmail).execute(callerOf(tenant), command);
    expect(await parts.status(command.id)).toBe('suppressed');
    const events = await parts.takeEvents();
    expect(events.map(({ type }) => type)).toEqual([
      'penguinmails.content.references_answered.v1',
      'penguinmails.email.suppressed.v1',
    ]);
    expect(events[0].data).toEqual({ held: [command.storageKey], denied: [] });

    const elsewhere = await parts.accept(other, { to: 'gone@customer.example' });
    expect(await parts.status(elsewhere)).toBe('queued');
    const test = parts.command(tenant, { to: 'gone@customer.example' });
    await parts.get(AcceptEmail).execute(callerOf(tenant, { mode: 'test' }), test);
    expect(await parts.status(test.id)).toBe('queued');
  });

  it.each([
    ['an address of nobody', () => ({ from: 'nobody@elsewhere.example' })],
    ['a mailbox of another tenant', () => ({ from: other.from })],
  ])('refuses %s as sender and stores nothing', async (_name, change) => {
    const command = parts.command(tenant, change());
    const refusal = parts.get(AcceptEmail).execute(callerOf(tenant), command);
    expect(await problemOf(refusal)).toMatchObject({ status: 422, code: 'sender_not_allowed' });
    expect(await parts.rows('SELECT id FROM emails WHERE id = $1', [command.id])).toEqual([]);
    expect(await parts.takeEvents()).toEqual([]);
  });

  it('refuses a mailbox whose domain is not verified', async () => {
    const slow = await parts.newTenant();
    await parts.admin.query(
      `UPDATE domains SET status = 'failed', verified_at = NULL WHERE tenant_id = $1`,
      [slow.id],
    );
    const refusal = parts.accept(slow);
    expect(await problemOf(refusal)).toMatchObject({ code: 'sender_not_allowed' });
  });

  it('refuses what is not one address, naming each field', async () => {
    const command = parts.command(tenant, {
      from: 'a@b.example\r\nBcc: c@d.example',
      to: 'a@b.example,c@d.example',
      replyTo: '<x@y.example>',
      scheduledAt: new Date(Date.now() + 400 * 86_400_000),
    });
    const problem = await problemOf(parts.get(AcceptEmail).execute(callerOf(tenant), command));
    expect(problem).toMatchObject({ status: 422, code: 'validation_failed' });
    const pointers = problem.errors?.map(({ pointer }) => pointer);
    expect(pointers).toEqual(['/from', '/to', '/reply_to', '/scheduled_at']);
  });

  it('refuses tenants that are not active', async () => {
    const stopped = await parts.newTenant();
    await parts.admin.query(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [stopped.id]);
    const refusal = parts.accept(stopped);
    expect(await problemOf(refusal)).toMatchObject({ status: 403, code: 'tenant_not_active' });
  });

  it('counts live mail against the plan, folded or not', async () => {
    const small = await parts.newTenant();
    await parts.admin.query('UPDATE tenants SET monthly_email_limit = 3 WHERE id = $1', [small.id]);
    await parts.accept(small);
    await parts.accept(small);
    expect(await parts.get(FoldUsage).execute()).toBeGreaterThanOrEqual(2);
    expect(
      await parts.rows('SELECT amount FROM usage_totals WHERE tenant_id = $1', [small.id]),
    ).toEqual([{ amount: '2' }]);
    await parts.accept(small);
    const refusal = parts.accept(small);
    expect(await problemOf(refusal)).toMatchObject({ status: 429, code: 'plan_limit_reached' });
    const test = parts
      .get(AcceptEmail)
      .execute(callerOf(small, { mode: 'test' }), parts.command(small));
    expect((await test).status).toBe('queued');
  });

  it('refuses an id that is taken', async () => {
    const id = await parts.accept(tenant);
    const refusal = parts.accept(tenant, { id });
    expect(await problemOf(refusal)).toMatchObject({ status: 409, code: 'email_exists' });
  });
});

describe('reading e-mails', () => {
  it('answers for an id of another tenant as for an unknown one', async () => {
    const id = await parts.accept(tenant);
    const mine = await parts.get(GetEmail).execute(tenant.id, id);
    expect(mine.email.id).toBe(id);
    expect(mine.content_storage_key).toMatch(/^cnt_/);
    const foreign = await problemOf(parts.get(GetEmail).execute(other.id, id));
    expect(foreign).toEqual(await problemOf(parts.get(GetEmail).execute(other.id, newEmailId())));
    expect(foreign).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('pages in both directions without a gap, also within one millisecond', async () => {
    const many = await parts.newTenant();
    const ids: string[] = [];
    for (let i = 0; i < 7; i += 1) ids.push(await parts.accept(many));
    await parts.admin.query(
      `UPDATE emails SET created_at = '2026-01-01T00:00:00.123Z' WHERE tenant_id = $1 AND id = ANY($2)`,
      [many.id, ids.slice(2, 5)],
    );
    const listing = parts.get(ListEmails);
    const all = (await listing.execute(many.id, { limit: 100 })).data;
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(ids));
    const forward: string[] = [];
    let after: { createdAt: Date; id: string } | undefined;
    for (let more = true; more;) {
      const page = await listing.execute(many.id, { limit: 2, after });
      forward.push(...page.data.map(({ id }) => id));
      const last = page.data[page.data.length - 1];
      after = { createdAt: new Date(last.created_at), id: last.id };
      more = page.has_more;
    }
    expect(forward).toEqual(all.map(({ id }) => id));
    const end = all[5];
    const before = { createdAt: new Date(end.created_at), id: end.id };
    const back = await listing.execute(many.id, { limit: 3, before });
    expect(back.data.map(({ id }) => id)).toEqual(all.slice(2, 5).map(({ id }) => id));
    expect(back.has_more).toBe(true);
  });

  it('filters by status and time', async () => {
    const few = await parts.newTenant();
    const id = await parts.accept(few);
    await parts.accept(few, { scheduledAt: new Date(Date.now() + 60_000) });
    const listing = parts.get(ListEmails);
    const queued = await listing.execute(few.id, { limit: 10, status: 'queued' });
    expect(queued.data.map((email) => email.id)).toEqual([id]);
    const future = new Date(Date.now() + 60_000);
    const none = await listing.execute(few.id, { limit: 10, createdAfter: future });
    expect(none.data).toEqual([]);
    const both = await listing.execute(few.id, { limit: 10, createdBefore: future });
    expect(both.data).toHaveLength(2);
  });
});

describe('cancelling', () => {
  it('withdraws a queued e-mail, once', async () => {
    const id = await parts.accept(tenant);
    await parts.takeEvents();
    const cancelled = await parts.get(CancelEmail).execute(tenant.id, id);
    expect(cancelled.status).toBe('cancelled');
    expect(await typesOf()).toEqual([
      'penguinmails.email.withdrawn.v1',
      'penguinmails.email.cancelled.v1',
    ]);
    const again = await problemOf(parts.get(CancelEmail).execute(tenant.id, id));
    expect(again).toMatchObject({ status: 409, code: 'email_not_cancellable' });
    expect(await typesOf()).toEqual([]);
  });

  it('knows no e-mail of another tenant', async () => {
    const id = await parts.accept(tenant);
    const refusal = await problemOf(parts.get(CancelEmail).execute(other.id, id));
    expect(refusal).toMatchObject({ status: 404 });
    expect(await parts.status(id)).toBe('queued');
  });
});

describe('the table', () => {
  const insert = (columns: Record<string, unknown>): Promise<unknown> => {
    const row = {
      tenant_id: tenant.id,
      id: newEmailId(),
      mode: 'live',
      mailbox_id: tenant.mailboxId,
      sender: tenant.from,
      recipient: 'a@b.example',
      recipient_norm: 'a@b.example',
      recipient_hash: Buffer.alloc(32),
      subject: 's',
      content_storage_key: newStorageKey(),
      size_bytes: 1,
      status: 'queued',
      message_id: '<a@b.example>',
      ...columns,
    };
    const names = Object.keys(row);
    const places = names.map((_name, i) => `$${i + 1}`);
    return parts.admin.query(
      `INSERT INTO emails (${names.join(', ')}) VALUES (${places.join(', ')})`,
      Object.values(row),
    );
  };
  const now = new Date();

  it('holds no row that contradicts itself', async () => {
    await insert({});
    await insert({ status: 'unknown', sent_at: now });
    await insert({ status: 'unknown', sent_at: now, finished_at: now });
    const wrong: Record<string, unknown>[] = [
      { id: newId().replace(/.{4}$/, '0abc') },
      { status: 'scheduled' },
      { status: 'sending' },
      { status: 'delivered', sent_at: now },
      { status: 'delivered', finished_at: now },
      { status: 'bounced', finished_at: now },
      { status: 'unknown' },
      { status: 'failed' },
      { status: 'cancelled' },
      { status: 'suppressed' },
      { status: 'queued', sent_at: now },
      { status: 'queued', finished_at: now },
      { status: 'deferred', finished_at: now },
      { status: 'lost' },
      { step: 1 },
      { content_storage_key: 'cnt_short' },
      { content_storage_key: `cnt_${'a'.repeat(23)}` },
      { content_storage_key: `cnt-${'a'.repeat(22)}` },
      { content_storage_key: `cnt_${'a'.repeat(21)}!` },
      { content_storage_key: `cnt_${'a'.repeat(21)}\n` },
      { recipient: 'a'.repeat(255) },
    ];
    for (const columns of wrong)
      await expect(insert(columns)).rejects.toMatchObject({ code: '23514' });
  });
});
