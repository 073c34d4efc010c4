import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { awayFromMidnight } from '@penguinmails/testing';
import {
  acceptedEmail,
  type EmailAccepted,
  manyEmails,
  type QueueEngine,
  resultOf,
  startQueueEngine,
} from './queue-engine.js';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

const idOf = ({ data }: EmailAccepted) => data.email_id;
const idsOf = (page: { data: readonly { id: string }[] }) => page.data.map(({ id }) => id);
const MAILBOX = newId();
const DOMAIN = 'ab'.repeat(16);

describe('the list of jobs', () => {
  /** Seven jobs of one tenant: four finished, one running, two waiting. Newest first. */
  async function sevenJobs(tenantId: string): Promise<string[]> {
    const emails = manyEmails(7, tenantId);
    await queue.accept([emails[0]]);
    await queue.tryOnce({ kind: 'failed' });
    await queue.accept(emails.slice(1, 4));
    await queue.tryOnce();
    await queue.accept([emails[4]]);
    await queue.lease(500);
    await queue.accept(emails.slice(5));
    return emails.map(idOf).reverse();
  }

  it('shows hot and finished jobs together, newest first, page by page in both directions', async () => {
    const tenantId = newId();
    const ids = await sevenJobs(tenantId);
    await sevenJobs(newId());
    const seen: string[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await queue.listJobs.execute(tenantId, { limit: 3, after });
      seen.push(...idsOf(page));
      if (!page.next) break;
      after = page.next.id;
    }
    expect(seen).toEqual(ids);
    const back = await queue.listJobs.execute(tenantId, { limit: 3, before: ids[5] });
    expect(idsOf(back)).toEqual(ids.slice(2, 5));
    expect(back.next).toMatchObject({ id: ids[2] });
    const first = await queue.listJobs.execute(tenantId, { limit: 3, before: ids[1] });
    expect([idsOf(first), first.has_more]).toEqual([[ids[0]], false]);
  });

  it('is filtered by state, type and time of creation', async () => {
    const tenantId = newId();
    const ids = await sevenJobs(tenantId);
    const list = async (filter: object) =>
      idsOf(await queue.listJobs.execute(tenantId, { limit: 100, ...filter }));
    expect(await list({ status: 'completed' })).toEqual(ids.slice(3, 6));
    expect(await list({ status: 'dead' })).toEqual(ids.slice(6));
    expect(await list({ status: 'running' })).toEqual([ids[2]]);
    expect(await list({ status: 'ready' })).toEqual(ids.slice(0, 2));
    expect(await list({ status: 'scheduled' })).toEqual([]);
    expect(await list({ type: 'send_email' })).toEqual(ids);
    expect(await list({ type: 'leads_import' })).toEqual([]);
    await queue.rows(`UPDATE job_queue SET created_at = now() - interval '1 hour' WHERE id = $1`, [
      ids[0],
    ]);
    const cut = new Date(Date.now() - 600_000);
    expect(await list({ createdAfter: cut })).toEqual(ids.slice(1));
    expect(await list({ createdBefore: cut })).toEqual([ids[0]]);
  });

  it('says where it stopped when it has looked at enough jobs, and goes on from there', async () => {
    const tenantId = newId();
    const [rare] = manyEmails(1, tenantId);
    await queue.accept([rare]);
    await queue.rows(`UPDATE job_queue SET job_type = 'leads_import' WHERE id = $1`, [idOf(rare)]);
    for (let n = 0; n < 11; n += 1) await queue.accept(manyEmails(500, tenantId));
    const first = await queue.listJobs.execute(tenantId, { limit: 5, type: 'leads_import' });
    expect([first.data, first.has_more]).toEqual([[], true]);
    const { next } = first;
    const second = await queue.listJobs.execute(tenantId, {
      limit: 5,
      type: 'leads_import',
      after: next?.id,
    });
    expect([idsOf(second), second.has_more]).toEqual([[idOf(rare)], false]);
  });

  it('holds a row that was inserted without an id in its place', async () => {
    const tenantId = newId();
    const [older] = manyEmails(1, tenantId);
    await queue.accept([older]);
    const inserted = await queue.db.tenants.transaction(tenantId, (tx) =>
      tx.query<{ id: string }>(
        `INSERT INTO job_queue (job_type, payload) VALUES ('send_email', '{}') RETURNING id`,
      ),
    );
    const [{ id }] = inserted.rows;
    expect(id[14]).toBe('7');
    const page = await queue.listJobs.execute(tenantId, { limit: 5 });
    expect(idsOf(page)).toEqual([id, idOf(older)]);
  });
});

describe('the tries of a job', () => {
  it('are told of a job whose last one stands in its history row', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.tryOnce({ kind: 'deferred', code: 451 });
    await queue.makeDue();
    await queue.tryOnce();
    expect(await queue.rows('SELECT attempt FROM job_attempts')).toEqual([{ attempt: 1 }]);
    expect(await queue.attemptsOf(email)).toMatchObject([
      { attempt: 1, outcome: 'deferred', code: 451 },
      { attempt: 2, outcome: 'delivered', code: 250 },
    ]);
  });
});

describe('what a job waits for', () => {
  beforeEach(() => awayFromMidnight(), 120_000);

  async function waiting(): Promise<EmailAccepted> {
    const email = acceptedEmail({ mailbox_id: MAILBOX, domain_key: DOMAIN });
    await queue.accept([email]);
    return email;
  }
  const limitOf = async (email: EmailAccepted) => (await queue.find(email)).limited_by;
  const limit = ({ tenantId }: EmailAccepted, key: string, columns: string, values: string) =>
    queue.rows(
      `INSERT INTO rate_limits (tenant_id, limit_key, ${columns}) VALUES ($1, $2, ${values})`,
      [tenantId, key],
    );
  const used = ({ tenantId }: EmailAccepted, key: string, tokens: number, today: number) =>
    queue.rows(
      `INSERT INTO rate_buckets (tenant_id, limit_key, tokens, refilled_at, day, used_today)
       VALUES ($1, $2, $3, now(), (now() AT TIME ZONE 'UTC')::date, $4)`,
      [tenantId, key, tokens, today],
    );
  const midnight = () => new Date(new Date().setUTCHours(24, 0, 0, 0)).getTime();

  it('is nothing while nothing holds it', async () => {
    const email = await waiting();
    expect(await limitOf(email)).toBeNull();
    await limit(email, 'tenant', 'per_minute, per_day', '60, 1000');
    expect(await limitOf(email)).toBeNull();
  });

  it.each([
    ['its type', 'paused_type', `INSERT INTO queue_controls VALUES ('send_email', TRUE)`],
    [
      'its tenant',
      'paused_tenant',
      `INSERT INTO lane_pauses (tenant_id) SELECT tenant_id FROM job_queue`,
    ],
    [
      'its mailbox',
      'paused_mailbox',
      `INSERT INTO lane_pauses (tenant_id, rate_key) SELECT tenant_id, rate_key FROM job_queue`,
    ],
  ])('is a pause of %s', async (_what, name, pause) => {
    const email = await waiting();
    await queue.rows(pause);
    expect(await limitOf(email)).toEqual({ limit: name, until: null });
  });

  it('is no pause of another tenant or mailbox', async () => {
    const email = await waiting();
    await queue.rows(`INSERT INTO lane_pauses (tenant_id) VALUES ($1)`, [newId()]);
    await queue.rows(`INSERT INTO lane_pauses (tenant_id, rate_key) VALUES ($1, $2)`, [
      email.tenantId,
      newId(),
    ]);
    expect(await limitOf(email)).toBeNull();
  });

  it('is the used-up limit that lets it through last', async () => {
    const email = await waiting();
    await limit(email, `mailbox:${MAILBOX}`, 'per_minute', '2');
    const asked = Date.now();
    await used(email, `mailbox:${MAILBOX}`, 0, 3);
    const minute = await limitOf(email);
    expect(minute?.limit).toBe('mailbox_per_minute');
    expect(minute?.until?.getTime()).toBeGreaterThan(asked);
    await limit(email, 'tenant', 'per_day', '5');
    await used(email, 'tenant', 1, 5);
    const day = await limitOf(email);
    expect(day?.limit).toBe('tenant_per_day');
    expect(Math.abs(day!.until!.getTime() - midnight())).toBeLessThan(5_000);
  });

  it('is the warm-up of its mailbox while that is lower than its cap', async () => {
    const email = await waiting();
    await limit(
      email,
      `mailbox:${MAILBOX}`,
      'per_day, warmup_started_on, warmup_curve',
      `100, (now() AT TIME ZONE 'UTC')::date - 1, '{1,2,3}'`,
    );
    await used(email, `mailbox:${MAILBOX}`, 0, 2);
    expect((await limitOf(email))?.limit).toBe('mailbox_warmup');
  });

  it('is the domain of its recipient, by the rule for it or else for all', async () => {
    const email = await waiting();
    await limit(email, 'domain:*', 'per_day', '1');
    await used(email, `domain:${DOMAIN}`, 1, 1);
    expect((await limitOf(email))?.limit).toBe('recipient_domain');
    await limit(email, `domain:${DOMAIN}`, 'per_day', '2');
    expect(await limitOf(email)).toBeNull();
    await queue.rows(
      `UPDATE job_queue SET limited_by = 'recipient_domain', scheduled_at = now() + interval '1 minute'`,
    );
    expect(await limitOf(email)).toMatchObject({
      limit: 'recipient_domain',
      until: expect.any(Date),
    });
  });

  it('is not asked of one that runs or waits for its own time', async () => {
    const later = acceptedEmail({ scheduled_at: new Date(Date.now() + 60_000).toISOString() });
    const email = await waiting();
    await queue.lease(500);
    await queue.accept([later]);
    await queue.rows(`INSERT INTO queue_controls VALUES ('send_email', TRUE)`);
    expect([await limitOf(email), await limitOf(later)]).toEqual([null, null]);
  });
});

describe('cancelling a job', () => {
  const cancel = ({ tenantId, data }: EmailAccepted) =>
    queue.cancelJob.execute(tenantId, data.email_id);

  it('ends one that waits, and tells oltp under the number of the next try', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.tryOnce({ kind: 'deferred' });
    const job = await cancel(email);
    expect(job).toMatchObject({ status: 'cancelled', attempts: 1, limited_by: null });
    expect((await queue.deliveries()).at(-1)).toMatchObject({
      email_id: idOf(email),
      attempt: 2,
      class: 'cancelled',
      final: true,
    });
    await queue.makeDue();
    expect((await queue.lease(500)).jobs).toEqual([]);
  });

  it('tells nobody of a job that is no mail', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.rows(`UPDATE job_queue SET job_type = 'track_email_sent'`);
    expect(await cancel(email)).toMatchObject({ status: 'cancelled' });
    expect(await queue.deliveries()).toEqual([]);
  });

  it('asks one that runs to stop; a second time changes nothing', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    const { jobs, leaseToken } = await queue.lease(500);
    const first = await cancel(email);
    expect(first).toMatchObject({ status: 'running', cancel_requested_at: expect.any(Date) });
    expect(await cancel(email)).toMatchObject({ cancel_requested_at: first.cancel_requested_at });
    await queue.finishJobs.execute([resultOf(jobs[0], leaseToken, { kind: 'cancelled' })]);
    expect(await queue.find(email)).toMatchObject({ status: 'cancelled' });
  });

  it('is refused for one that has ended, and does not find that of another tenant', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await expect(cancel({ ...email, tenantId: newId() })).rejects.toMatchObject({ status: 404 });
    await queue.tryOnce();
    await expect(cancel(email)).rejects.toMatchObject({ status: 409, code: 'job_not_cancellable' });
  });
});
