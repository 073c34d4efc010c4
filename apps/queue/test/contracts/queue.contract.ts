import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type EventData,
  type EventType,
  newId,
  typesConsumedBy,
  typesEmittedBy,
  validateEvent,
} from '@penguinmails/contracts';
import { deliveryEvents } from '../../src/finish/delivery-items.js';
import { planFinish } from '../../src/finish/finish-plan.js';
import { recordedDelivery } from '../../src/finish/recorded-delivery.js';
import { deadLetterEvents } from '../../src/job/dead-letter-event.js';
import { JobTypes } from '../../src/job-type/job-types.js';
import { consumes, emits } from '../../src/queue.events.js';
import { acceptedEmail, type QueueEngine, startQueueEngine } from '../integration/queue-engine.js';

const EVENTS = join(import.meta.dirname, '../../../../libs/contracts/events');

/** The committed examples of a type: what its writer writes and its readers must take. */
function examplesOf<T extends EventType>(type: T): [name: string, data: EventData<T>][] {
  const folder = join(EVENTS, type.replace('penguinmails.', ''), 'examples');
  return readdirSync(folder).map((name) => [
    name,
    JSON.parse(readFileSync(join(folder, name), 'utf8')),
  ]);
}

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

describe('what queue declares', () => {
  it('is what the contracts say', () => {
    expect([...consumes].sort()).toEqual([...typesConsumedBy('queue')].sort());
    expect([...emits].sort()).toEqual([...typesEmittedBy('queue')].sort());
  });
});

describe('what queue takes', () => {
  it.each(examplesOf('penguinmails.email.accepted.v1'))(
    'email.accepted, %s, becomes a job',
    async (_name, data) => {
      await queue.accept([acceptedEmail(data)]);
      const rows = await queue.rows(
        'SELECT id, priority, rate_key, domain_key, payload FROM job_queue',
      );
      expect(rows).toEqual([
        {
          id: data.email_id,
          priority: data.priority,
          rate_key: data.mailbox_id,
          domain_key: data.domain_key,
          payload: {
            email_id: data.email_id,
            storage_key: data.storage_key,
            mailbox_id: data.mailbox_id,
            mode: data.mode,
          },
        },
      ]);
    },
  );

  it.each(examplesOf('penguinmails.email.withdrawn.v1'))(
    'email.withdrawn, %s, ends it',
    async (_name, data) => {
      const email = acceptedEmail({ email_id: data.email_id });
      await queue.accept([email]);
      await queue.withdraw([email]);
      expect(await queue.rows('SELECT id, status FROM job_history')).toEqual([
        { id: data.email_id, status: 'cancelled' },
      ]);
    },
  );
});

describe('what queue says', () => {
  const types = new JobTypes();

  it.each(examplesOf('penguinmails.delivery.recorded.v1'))(
    'delivery.recorded, %s, is written for the reports it stands for',
    (_name, { items }) => {
      const tenantId = newId();
      const jobs = items.map((item) => ({
        tenantId,
        jobId: item.email_id,
        type: 'send_email',
        rateKey: '',
        domainKey: null,
        priority: 0,
        attempts: item.attempt - 1,
        maxAttempts: 12,
        unknownOutcomes: item.class === 'unknown' ? item.attempt - 1 : 0,
        leaseLosses: 0,
        returns: 0,
        cancelRequested: false,
        leasedBy: 'worker-1',
        startedAt: new Date(item.occurred_at),
      }));
      const results = items.map((item) => ({
        tenant_id: tenantId,
        job_id: item.email_id,
        lease_token: newId(),
        kind: item.class,
        code: item.code,
        enhanced_code: item.enhanced_code,
        error_code: null,
        reply: 'never in an event',
        started_at: item.occurred_at,
        finished_at: item.occurred_at,
      }));
      const { finishes } = planFinish(jobs, results, (type) => types.get(type), Math.random);
      const events = deliveryEvents(finishes.flatMap((finish) => recordedDelivery(finish) ?? []));
      expect(events.flatMap(({ data }) => data.items)).toEqual(items);
      for (const { type, data } of events) validateEvent(type, data);
    },
  );

  it('system.event_raised fits its contract', () => {
    const buried = { tenantId: newId(), jobId: newId(), type: 'send_email', errorCode: 'x' };
    const [{ type, data, subject }] = deadLetterEvents([buried, buried]);
    validateEvent(type, data);
    expect(data).toMatchObject({ count: 2, fingerprint: subject });
  });
});
