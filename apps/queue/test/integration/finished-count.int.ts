import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { metrics } from '@penguinmails/observability';
import { RecordedTelemetry } from '@penguinmails/testing/telemetry';
import {
  acceptedEmail,
  manyEmails,
  type QueueEngine,
  resultOf,
  startQueueEngine,
} from './queue-engine.js';

const telemetry = new RecordedTelemetry();

let queue: QueueEngine;
beforeAll(async () => {
  telemetry.start();
  queue = await startQueueEngine();
});
afterAll(async () => {
  await queue.stop();
  await telemetry.stop();
});
beforeEach(() => queue.empty());

/** Jobs of send_email that were counted as finished, by outcome. */
async function finished(): Promise<Record<string, number>> {
  const points = await telemetry.pointsOf(metrics.jobsFinished);
  const own = points.filter(
    ({ attributes }) => attributes['penguinmails.job.type'] === 'send_email',
  );
  return Object.fromEntries(own.map(({ attributes, value }) => [attributes.outcome, value]));
}

/** What is counted while it works, by outcome; what is not counted is left out. */
async function countedBy(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await finished();
  await work();
  const more = Object.entries(await finished()).map(
    ([outcome, n]) => [outcome, n - (before[outcome] ?? 0)] as const,
  );
  return Object.fromEntries(more.filter(([, n]) => n > 0));
}

describe('the count of finished jobs', () => {
  it('has the jobs that somebody cancels while they wait, each once', async () => {
    const email = acceptedEmail();
    await queue.accept([email, acceptedEmail()]);
    const cancel = () => queue.cancelJob.execute(email.tenantId, email.data.email_id);
    expect(await countedBy(cancel)).toEqual({ cancelled: 1 });
    expect(await countedBy(() => expect(cancel()).rejects.toMatchObject({ status: 409 }))).toEqual(
      {},
    );
  });

  it('has one that runs when its worker says that it is cancelled, not when somebody asks', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    const { jobs, leaseToken } = await queue.lease(500);
    const ask = () => queue.cancelJob.execute(email.tenantId, email.data.email_id);
    expect(await countedBy(ask)).toEqual({});
    const end = () =>
      queue.finishJobs.execute([resultOf(jobs[0], leaseToken, { kind: 'cancelled' })]);
    expect(await countedBy(end)).toEqual({ cancelled: 1 });
  });

  it('has the jobs of withdrawn e-mails, each once, and none that runs', async () => {
    const [running, ...waiting] = manyEmails(3);
    await queue.accept([running]);
    expect((await queue.lease(500)).jobs).toHaveLength(1);
    await queue.accept(waiting);
    const withdraw = () => queue.withdraw([running, ...waiting]);
    expect(await countedBy(withdraw)).toEqual({ cancelled: 2 });
    expect(await countedBy(withdraw)).toEqual({});
  });

  /** Every end of a job fails when it is committed. */
  const REFUSE_COMMITS = `
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '23514'; END $$;
    CREATE CONSTRAINT TRIGGER refuse AFTER DELETE ON job_queue DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION refuse()`;

  it('has nothing of a transaction whose commit fails', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.rows(REFUSE_COMMITS);
    const cancel = () =>
      expect(queue.cancelJob.execute(email.tenantId, email.data.email_id)).rejects.toMatchObject({
        code: '23514',
      });
    expect(await countedBy(cancel)).toEqual({});
    await queue.rows('DROP FUNCTION refuse CASCADE');
  });

  it('has a job whose leases were lost too often, and its outcome', async () => {
    await queue.accept([acceptedEmail()]);
    await queue.lease(500);
    await queue.rescueJobs.execute('replica');
    await queue.rows('UPDATE job_queue SET lease_losses = 19');
    await queue.letLeasesAge(31);
    expect(await countedBy(() => queue.rescueJobs.execute('replica'))).toEqual({ lease_lost: 1 });
  });
});
