import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { DepthSystemRepository } from '../../src/health/depth.system.repository.js';
import { FinishedRateSystemRepository } from '../../src/control/finished-rate.system.repository.js';
import { newBatch, reportOf, times } from './batch-engine.js';
import { acceptedEmail, type QueueEngine, startQueueEngine } from './queue-engine.js';

const IN_AN_HOUR_MS = 3_600_000;

let queue: QueueEngine;
const repository = new DepthSystemRepository();
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

const depthOf = async (name: string) =>
  (await queue.db.system.transaction((tx) => repository.count(tx))).find(
    ({ type }) => type === name,
  );
const tenants = () => queue.db.system.transaction((tx) => repository.tenants(tx));

describe('the depth', () => {
  it('counts the recipients of batches: waiting, for later, and within a lease', async () => {
    const tenantId = newId();
    const scheduledAt = new Date(Date.now() + IN_AN_HOUR_MS).toISOString();
    const [ready, later] = [{ n: 80 }, { n: 7, scheduledAt }];
    await queue.batches.enqueue(newBatch({ tenantId, ...ready }), newBatch({ tenantId, ...later }));
    expect(await depthOf('send_wave')).toMatchObject({ ready: 80, scheduled: 7, running: 0 });
    const { batches, leaseToken } = await queue.batches.lease(1);
    const [held] = batches;
    expect(await depthOf('send_wave')).toMatchObject({
      running: held.leaseTo,
      ready: 80 - held.leaseTo,
      scheduled: 7,
    });
    await queue.batches.checkpoint(reportOf(held, leaseToken, times(30)));
    expect(await depthOf('send_wave')).toMatchObject({ running: held.leaseTo - 30 });
  });

  it('is of a tenant what it has of both kinds, most first', async () => {
    const [tenantId, other] = [newId(), newId()];
    await queue.accept([acceptedEmail({}, tenantId)]);
    await queue.batches.enqueue(newBatch({ tenantId, n: 3 }), newBatch({ tenantId: other, n: 9 }));
    expect(await tenants()).toMatchObject([
      { tenantId: other, ready: 9 },
      { tenantId, ready: 4 },
    ]);
  });

  it('is of the ten tenants with most and the ten that wait longest, however many there are', async () => {
    const insert = (n: number, jobs: string, age: string) =>
      queue.admin.query(
        `INSERT INTO job_queue (tenant_id, job_type, payload, scheduled_at)
         SELECT t.id, 'maintenance', '{}', now() - ${age} * interval '1 minute'
         FROM (SELECT gen_random_uuid() AS id, n FROM generate_series(1, ${n}) n) t,
           generate_series(1, ${jobs})`,
      );
    await insert(15, 't.n + 5', '1');
    await insert(15, '1', '(10 + t.n)');
    const shown = await tenants();
    expect(shown.slice(0, 10).map(({ ready }) => ready)).toEqual(
      Array.from({ length: 10 }, (_, at) => 20 - at),
    );
    const ages = shown.slice(10).map(({ oldestReadyAge }) => Math.floor(oldestReadyAge / 60));
    expect(ages.sort()).toEqual(Array.from({ length: 10 }, (_, at) => 16 + at));
  });
});

describe('the rate of finished jobs', () => {
  const rates = async () => {
    const rows = await queue.db.system.transaction((tx) =>
      new FinishedRateSystemRepository().read(tx),
    );
    return Object.fromEntries(rows.map(({ type, perMinute }) => [type, perMinute]));
  };

  it('counts recipients when their batch ends, and who left it when the own job does', async () => {
    await queue.batches.enqueue(newBatch({ n: 80 }));
    const { batches, leaseToken } = await queue.batches.lease(1);
    const report = reportOf(batches[0], leaseToken, [...times(75), ...times(5, 'deferred')]);
    await queue.batches.finish(report);
    expect(await rates()).toEqual({ send_wave: 15 });
    await queue.makeDue();
    await queue.tryOnce();
    expect(await rates()).toEqual({ send_wave: 15, send_email: 1 });
  });

  it('is of the last five minutes only', async () => {
    await queue.batches.enqueue(newBatch({ n: 10 }));
    const { batches, leaseToken } = await queue.batches.lease(1);
    await queue.batches.finish(reportOf(batches[0], leaseToken, times(10)));
    await queue.rows("UPDATE batch_history SET completed_at = completed_at - interval '5 minutes'");
    expect(await rates()).toEqual({});
  });
});
