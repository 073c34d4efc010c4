import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { DepthSystemRepository } from '../../src/health/depth.system.repository.js';
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
const deepest = () => queue.db.system.transaction((tx) => repository.deepest(tx));

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
    expect(await deepest()).toEqual([
      { tenantId: other, ready: 9 },
      { tenantId, ready: 4 },
    ]);
  });
});
