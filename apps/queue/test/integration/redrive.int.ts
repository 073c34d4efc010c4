import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import type { Caller } from '@penguinmails/http';
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
const OPERATOR: Caller = {
  service: 'gateway',
  tenantId: PLATFORM_TENANT_ID,
  actor: { kind: 'platform_key', id: newId() },
  mode: 'live',
  scopes: [],
  requestId: newId(),
};

describe('retrying a job', () => {
  const retry = async ({ tenantId, data }: EmailAccepted, mayBeRepeated = false) =>
    (await queue.retryJob.execute({ tenantId, jobId: data.email_id }, mayBeRepeated)).job;

  async function dead(tenantId?: string): Promise<EmailAccepted> {
    const email = acceptedEmail({}, tenantId);
    await queue.accept([email]);
    await queue.tryOnce({ kind: 'failed', error_code: 'tls_required' });
    return email;
  }

  it('gives one that waits for later its turn now', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.tryOnce({ kind: 'deferred' });
    expect(await queue.find(email)).toMatchObject({ status: 'scheduled' });
    expect(await retry(email)).toMatchObject({ id: idOf(email), status: 'ready', attempts: 1 });
    await expect(retry(email)).rejects.toMatchObject({ status: 409, code: 'job_not_retryable' });
    expect(await retry(email, true)).toMatchObject({ id: idOf(email) });
  });

  it('makes a new job of a dead one, with the same payload, that knows where it comes from', async () => {
    const email = await dead();
    await queue.rows(`UPDATE dead_letters SET job_type = 'leads_import'`);
    const job = await retry(email);
    expect(job).toMatchObject({
      status: 'ready',
      attempts: 0,
      max_attempts: 12,
      redriven_from: idOf(email),
    });
    expect(job.id).not.toBe(idOf(email));
    const [row] = await queue.rows('SELECT * FROM job_queue');
    expect(row).toMatchObject({
      id: job.id,
      root_job_id: idOf(email),
      redrives: 1,
      payload: { email_id: idOf(email) },
      rate_key: email.data.mailbox_id,
      domain_key: email.data.domain_key,
    });
    await expect(retry(email)).rejects.toMatchObject({ status: 409 });
    expect(await retry(email, true)).toMatchObject({ id: job.id });
    expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(1);
  });

  it('gives that of an e-mail further tries under its id and the next numbers', async () => {
    const email = await dead();
    const { tenantId } = email;
    expect(await retry(email)).toMatchObject({
      id: idOf(email),
      status: 'ready',
      attempts: 1,
      max_attempts: 13,
    });
    const list = () => queue.listJobs.execute(tenantId, { limit: 10 });
    expect((await list()).data).toMatchObject([{ id: idOf(email), status: 'ready' }]);
    await queue.tryOnce();
    expect(await queue.find(email)).toMatchObject({ status: 'completed', attempts: 2 });
    expect((await list()).data).toMatchObject([{ id: idOf(email), status: 'completed' }]);
    expect(await queue.attemptsOf(email)).toMatchObject([
      { attempt: 1, outcome: 'failed' },
      { attempt: 2, outcome: 'delivered' },
    ]);
    expect(await queue.deliveries()).toMatchObject([
      { email_id: idOf(email), attempt: 1, class: 'failed', final: true },
      { email_id: idOf(email), attempt: 2, class: 'delivered', final: true },
    ]);
  });

  it('counts the try that a lost lease left unreported', async () => {
    const email = await dead();
    await queue.rows(`UPDATE dead_letters SET outcome = 'lease_lost', attempts = 3`);
    expect(await retry(email)).toMatchObject({ attempts: 4, max_attempts: 16 });
  });

  it('keeps the first job through several deaths', async () => {
    const email = await dead();
    const second = await retry(email);
    await queue.tryOnce({ kind: 'failed' });
    const { job: third } = await queue.retryJob.execute(
      { tenantId: email.tenantId, jobId: second.id },
      false,
    );
    expect(
      await queue.rows('SELECT id, redriven_from, root_job_id, redrives FROM job_queue'),
    ).toEqual([{ id: third.id, redriven_from: second.id, root_job_id: idOf(email), redrives: 2 }]);
    const letters = await queue.rows(
      'SELECT job_id, root_job_id, redrives, redriven_as FROM dead_letters ORDER BY redrives',
    );
    expect(letters).toEqual([
      { job_id: idOf(email), root_job_id: null, redrives: 0, redriven_as: second.id },
      { job_id: second.id, root_job_id: idOf(email), redrives: 1, redriven_as: third.id },
    ]);
  });

  it('is refused for one that runs or is completed, and does not find that of another tenant', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    const { jobs, leaseToken } = await queue.lease(500);
    await expect(retry(email)).rejects.toMatchObject({ status: 409 });
    await expect(retry({ ...email, tenantId: newId() })).rejects.toMatchObject({ status: 404 });
    await queue.finishJobs.execute([resultOf(jobs[0], leaseToken)]);
    await expect(retry(email)).rejects.toMatchObject({ status: 409 });
  });

  describe('by filter', () => {
    const LATER = { error_code: 'attempts_exhausted' };

    it('takes what fits and nothing else, in bounded rounds', async () => {
      const tenantId = newId();
      for (let n = 0; n < 3; n += 1) await dead(tenantId);
      await dead();
      const redrive = (limit: number) =>
        queue.redriveDeadLetters.execute(
          { tenant_id: tenantId, error_code: 'tls_required' },
          limit,
        );
      expect((await queue.redriveDeadLetters.execute(LATER, 10)).redriven).toEqual([]);
      const first = await redrive(2);
      expect([first.redriven.length, first.more]).toEqual([2, true]);
      const second = await redrive(2);
      expect([second.redriven.length, second.more]).toEqual([1, false]);
      expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(3);
      expect(await queue.rows('SELECT FROM dead_letters WHERE redriven_as IS NULL')).toHaveLength(
        1,
      );
      const letter = first.redriven[0];
      expect(
        await queue.rows('SELECT FROM dead_letters WHERE id = $1 AND redriven_as = $2', [
          letter.dead_letter_id,
          letter.job_id,
        ]),
      ).toHaveLength(1);
    });

    it('makes one job of a letter that several redrive at the same time', async () => {
      const tenantId = newId();
      const emails = manyEmails(40, tenantId);
      await queue.accept(emails);
      await queue.tryOnce({ kind: 'failed' });
      const filter = { tenant_id: tenantId };
      const rounds = await Promise.all([
        ...Array.from({ length: 6 }, () => queue.redriveDeadLetters.execute(filter, 40)),
        ...emails.slice(0, 10).map((email) => retry(email, true)),
      ]);
      expect(rounds).toHaveLength(16);
      expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(40);
      const named = await queue.rows('SELECT DISTINCT redriven_as FROM dead_letters');
      expect(named).toHaveLength(40);
    });

    it('is previewed by type and error, and counts none that was redriven', async () => {
      const tenantId = newId();
      await dead(tenantId);
      await dead(tenantId);
      const gone = await dead(tenantId);
      await retry(gone);
      await queue.tryOnce({ kind: 'deferred' });
      const preview = await queue.previewRedrive.execute({ tenant_id: tenantId });
      expect(preview).toMatchObject({
        count: 2,
        by_type: [{ type: 'send_email', count: 2 }],
        by_error_code: [{ error_code: 'tls_required', count: 2 }],
      });
      expect(preview.sample.map(({ job_id }) => job_id)).not.toContain(idOf(gone));
      expect(preview.sample).toHaveLength(2);
    });

    it('is ordered once per key and body, as a job of the platform', async () => {
      const order = (key: string | null, filter: object = { type: 'send_email' }) =>
        queue.orderRedrive.execute(OPERATOR, filter, key);
      const first = await order('key');
      expect(first).toMatchObject({
        replayed: false,
        job: { type: 'dead_letters_redrive', status: 'ready' },
      });
      const again = await order('key');
      expect([again.replayed, again.job.id]).toEqual([true, first.job.id]);
      await expect(order('key', {})).rejects.toMatchObject({ code: 'idempotency_key_reused' });
      const others = [await order('other'), await order(null), await order(null)];
      expect(new Set(others.map(({ job }) => job.id)).size).toBe(3);
      const rows = await queue.rows('SELECT tenant_id, payload FROM job_queue WHERE id = $1', [
        first.job.id,
      ]);
      expect(rows).toEqual([
        { tenant_id: PLATFORM_TENANT_ID, payload: { filter: { type: 'send_email' }, expected: 0 } },
      ]);
      expect(queue.audited()).toContain('redrive ordered');
    });

    it('is ordered once by several requests with one key at the same time', async () => {
      const orders = await Promise.all(
        Array.from({ length: 5 }, () => queue.orderRedrive.execute(OPERATOR, {}, 'same')),
      );
      expect(new Set(orders.map(({ job }) => job.id)).size).toBe(1);
      expect(orders.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(1);
    });
  });
});
