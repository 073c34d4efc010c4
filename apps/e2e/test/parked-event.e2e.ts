import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import pg from 'pg';
import { platform } from './support/api.js';
import { expectProblem } from './support/expect-problem.js';
import { copiesTo } from './support/inbox.js';
import { readStack } from './support/stack.js';
import { Tenant } from './support/tenant.js';

/** The event goes through outbox and log first; a machine that is busy otherwise takes longer. */
const SOON = { timeoutMs: 180_000, intervalMs: 100 };
const STATEMENT_MS = 60_000;

interface ParkedEvent {
  readonly id: string;
  readonly tier: string;
  readonly tenant_id: string;
  readonly state: string;
  readonly last_error: string | null;
}

let queue: pg.Client;
let tenant: Tenant;
beforeAll(async () => {
  tenant = await Tenant.create();
  queue = new pg.Client({
    connectionString: readStack().databases.queue.admin_url,
    statement_timeout: STATEMENT_MS,
  });
  await queue.connect();
});
afterAll(async () => {
  await mend();
  await queue.end();
});

/** From now on the queue cannot take a job of the tenant: its handler of accepted e-mails fails. */
const breakHandler = () =>
  queue.query(
    `ALTER TABLE job_queue
     ADD CONSTRAINT broken CHECK (tenant_id <> '${tenant.id}'::uuid) NOT VALID`,
  );
const mend = () => queue.query('ALTER TABLE job_queue DROP CONSTRAINT IF EXISTS broken');

/**
 * As after many tries: the timer comes back in an hour only. A retry works under the lock of its
 * partition's position, so none that is under way sets another time afterwards.
 */
async function putOffRetries(): Promise<void> {
  await queue.query('BEGIN');
  await queue.query('SELECT FROM consumer_position ORDER BY topic, partition FOR UPDATE');
  await queue.query(
    "UPDATE parked_event SET next_attempt_at = now() + interval '1 hour' WHERE tenant_id = $1",
    [tenant.id],
  );
  await queue.query('COMMIT');
}

async function parkedOf(emailId: string): Promise<readonly ParkedEvent[]> {
  const query = new URLSearchParams({ tier: 'queue', event_key: emailId });
  const answer = await platform().get<{ data: readonly ParkedEvent[] }>(
    `/v1/admin/parked-events?${query}`,
  );
  expect(answer.status).toBe(200);
  return answer.body.data;
}

const jobOf = (emailId: string) => tenant.live.get(`/v1/jobs/${emailId}`);

describe('an event whose handler fails', () => {
  it('waits, and has its effect once when the handler is mended and an operator asks', async () => {
    await breakHandler();
    const { id, to } = await tenant.send();
    const parked = await eventually(async () => {
      const [event] = await parkedOf(id);
      return event ?? false;
    }, SOON);
    expect(parked).toMatchObject({
      tier: 'queue',
      tenant_id: tenant.id,
      state: 'retrying',
      last_error: 'sqlstate_23514',
    });
    await putOffRetries();
    await mend();
    expect(await parkedOf(id)).toMatchObject([{ id: parked.id, state: 'retrying' }]);
    expect((await jobOf(id)).status).toBe(404);

    const retry = () => platform().post(`/v1/admin/parked-events/queue/${parked.id}/retry`);
    expect(await retry()).toMatchObject({ status: 202, body: { id: parked.id } });
    await tenant.untilStatus(id, 'delivered');
    expect(await parkedOf(id)).toEqual([]);
    expectProblem(await retry(), 404, 'not_found');
    expect((await jobOf(id)).body).toMatchObject({ status: 'completed', attempts: 1 });
    expect(await copiesTo(to)).toHaveLength(1);
  });

  it('holds nobody else up, whose events come after it', async () => {
    await breakHandler();
    const broken = await tenant.send();
    await eventually(async () => expect(await parkedOf(broken.id)).toHaveLength(1), SOON);
    const other = await Tenant.create();
    const { id } = await other.send();
    await other.untilStatus(id, 'delivered');
    await putOffRetries();
    await mend();
    const [parked] = await parkedOf(broken.id);
    expect(parked).toMatchObject({ state: 'retrying' });
    await platform().post(`/v1/admin/parked-events/queue/${parked.id}/retry`);
    await tenant.untilStatus(broken.id, 'delivered');
    expect(await copiesTo(broken.to)).toHaveLength(1);
  });
});
