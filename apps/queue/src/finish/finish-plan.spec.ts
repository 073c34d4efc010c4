import { describe, expect, it } from '@jest/globals';
import {
  emailBucket,
  encodeEvent,
  type JobType,
  jobTypes,
  newEmailId,
  newId,
} from '@penguinmails/contracts';
import { planRescue } from '../rescue/lease-loss.js';
import type { RunningJob } from '../job/unfinished-job.js';
import { deliveryEvents, ITEMS_PER_EVENT } from './delivery-items.js';
import { planFinish } from './finish-plan.js';
import type { FinishResult } from './finish-result.js';
import { recordedDelivery } from './recorded-delivery.js';

const policyOf = (type: string) => jobTypes[type as JobType];
const job = (more: Partial<RunningJob> = {}): RunningJob => ({
  tenantId: newId(),
  jobId: newEmailId(),
  type: 'send_email',
  rateKey: '',
  domainKey: null,
  priority: 0,
  attempts: 0,
  maxAttempts: 12,
  unknownOutcomes: 0,
  leaseLosses: 0,
  returns: 0,
  cancelRequested: false,
  leasedBy: 'worker-1',
  startedAt: new Date('2026-11-22T10:00:00Z'),
  ...more,
});
const report = (of: RunningJob, more: Partial<FinishResult> = {}): FinishResult => ({
  tenant_id: of.tenantId,
  job_id: of.jobId,
  lease_token: newId(),
  kind: 'delivered',
  code: 250,
  enhanced_code: '2.0.0',
  error_code: null,
  reply: null,
  started_at: '2026-11-22T10:00:00Z',
  finished_at: '2026-11-22T10:00:01Z',
  ...more,
});
const plan = (held: RunningJob[], results: FinishResult[]) =>
  planFinish(held, results, policyOf, () => 0.5);

describe('a finish plan', () => {
  it('pairs each job with the report of its own tenant', () => {
    const mine = job();
    const theirs = job({ jobId: mine.jobId });
    const { finishes } = plan(
      [mine, theirs],
      [report(theirs, { kind: 'failed' }), report(mine, { kind: 'delivered' })],
    );
    expect(finishes.map(({ result }) => result.kind)).toEqual(['delivered', 'failed']);
  });

  it('counts how often in a row a job comes back unbegun, and forgets it with a try', () => {
    const one = job({ returns: 3 });
    const [returned] = plan([one], [report(one, { kind: 'returned' })]).releases;
    expect(returned).toMatchObject({ returns: 4, delaySeconds: 4, attempts: 0 });
    const [deferred] = plan([one], [report(one, { kind: 'deferred' })]).releases;
    expect(deferred).toMatchObject({ returns: 0, attempts: 1 });
  });

  it.each([
    ['delivered', 1, 0, 1],
    ['bounced', 1, 0, 1],
    ['failed', 1, 0, 1],
    ['deferred', 1, 1, 0],
    ['unknown', 1, 1, 0],
    ['cancelled', 0, 0, 1],
    ['returned', 0, 1, 0],
    ['snoozed', 0, 1, 0],
  ] as const)('%s: %i tries, %i released, %i ended', (kind, tries, releases, ends) => {
    const one = job();
    const made = plan([one], [report(one, { kind })]);
    expect([made.tries.length, made.releases.length, made.ends.length]).toEqual([
      tries,
      releases,
      ends,
    ]);
  });

  it('snoozes a job for as long as it asks, and forgets its returns', () => {
    const one = job({ attempts: 2, returns: 3 });
    const result = report(one, { kind: 'snoozed', retry_after_ms: 90_000 });
    expect(plan([one], [result]).releases).toMatchObject([
      { attempts: 2, delaySeconds: 90, returns: 0 },
    ]);
  });

  it.each([
    ['send_email', 'succeeded'],
    ['maintenance', 'delivered'],
    ['maintenance', 'bounced'],
  ] as const)('leaves a %s that has %s to a person, and its neighbours alone', (type, kind) => {
    const [odd, good] = [job({ type }), job()];
    const { ends, tries } = plan([odd, good], [report(odd, { kind }), report(good)]);
    expect(ends).toMatchObject([
      { status: 'dead', outcome: 'unknown', errorCode: 'outcome_misfit' },
      { status: 'completed', outcome: 'delivered' },
    ]);
    expect(tries.map(({ outcome }) => outcome)).toEqual(['unknown', 'delivered']);
  });

  it('ends a job that was to be cancelled and keeps the try that it had', () => {
    const one = job({ cancelRequested: true, attempts: 1 });
    const made = plan([one], [report(one, { kind: 'deferred', error_code: 'greylisted' })]);
    expect(made.ends).toMatchObject([
      { status: 'cancelled', outcome: 'cancelled', attempts: 2, errorCode: 'greylisted' },
    ]);
    expect([made.tries.length, made.releases.length]).toEqual([1, 0]);
  });

  it('masks the reply wherever it goes', () => {
    const [one, two] = [job(), job({ attempts: 11 })];
    const deferred = { kind: 'deferred', reply: '450 ann@example.com is busy' } as const;
    const text = JSON.stringify({
      ...plan([one, two], [report(one, deferred), report(two, deferred)]),
      finishes: [],
    });
    expect(text).not.toContain('ann@');
    expect(text.match(/<address> is busy/g)).toHaveLength(4);
  });
});

describe('what oltp is told', () => {
  const told = (kind: FinishResult['kind'], of = job(), more: Partial<FinishResult> = {}) =>
    recordedDelivery(plan([of], [report(of, { kind, ...more })]).finishes[0])?.item;

  it('says nothing about a job that was given back', () => {
    expect(told('returned')).toBeUndefined();
    expect(told('snoozed')).toBeUndefined();
  });

  it.each(['succeeded', 'failed', 'deferred', 'cancelled', 'unknown'] as const)(
    'says nothing about a job that is no mail: %s',
    (kind) => {
      expect(told(kind, job({ type: 'maintenance' }))).toBeUndefined();
    },
  );

  it.each([
    ['deferred', 'cancelled'],
    ['returned', 'cancelled'],
    ['unknown', 'unknown'],
    ['delivered', 'delivered'],
  ] as const)('says of mail that was to be cancelled and was %s: %s', (kind, said) => {
    expect(told(kind, job({ cancelRequested: true }))).toMatchObject({ class: said, final: true });
  });

  it.each([
    ['cancelled', {}, 2],
    ['cancelled', { leaseLosses: 1 }, 3],
    ['cancelled', { returns: 1 }, 3],
    ['returned', { cancelRequested: true }, 3],
  ] as const)(
    'ends mail that is %s (%j) not under a lower number than that of a try nobody reported',
    (kind, more, attempt) => {
      const item = told(kind, job({ attempts: 2, ...more }));
      expect(item).toMatchObject({ attempt, class: 'cancelled', final: true });
    },
  );

  it('says that a try which was deferred for the last time has failed, with its code', () => {
    expect(told('deferred', job({ attempts: 11 }), { code: 451 })).toMatchObject({
      attempt: 12,
      class: 'failed',
      final: true,
      code: 451,
      error_code: 'attempts_exhausted',
    });
  });

  it('keeps an unknown outcome unknown, final or not', () => {
    const unknown = { class: 'unknown', error_code: 'outcome_unknown' };
    expect(told('unknown')).toMatchObject({ ...unknown, final: false });
    expect(told('unknown', job({ attempts: 1, unknownOutcomes: 1 }))).toMatchObject({
      ...unknown,
      final: true,
    });
  });

  it('splits by tenant, bucket, number and bytes, in order, each event fit for its contract', () => {
    const tenants = [newId(), newId()];
    const long = { kind: 'failed', error_code: 'x'.repeat(64) } as const;
    const jobs = Array.from({ length: 6000 }, (_, n) => job({ tenantId: tenants[n % 2] }));
    const { finishes } = plan(
      jobs,
      jobs.map((each, n) => report(each, n % 3 ? {} : long)),
    );
    const events = deliveryEvents(finishes.flatMap((finish) => recordedDelivery(finish) ?? []));
    const ids = new Map(tenants.map((tenant) => [tenant, [] as string[]]));
    for (const { type, tenantId, data } of events) {
      encodeEvent(type, data);
      expect(data.items.length).toBeLessThanOrEqual(ITEMS_PER_EVENT);
      expect(new Set(data.items.map((item) => emailBucket(item.email_id))).size).toBe(1);
      ids.get(tenantId)?.push(...data.items.map((item) => item.email_id));
    }
    for (const tenant of tenants)
      expect(ids.get(tenant)?.sort()).toEqual(
        jobs
          .filter((each) => each.tenantId === tenant)
          .map((each) => each.jobId)
          .sort(),
      );
  });
});

describe('a lost lease', () => {
  const now = new Date('2026-11-22T10:00:00Z');

  it('is no try, and frees the job', () => {
    const one = job({ attempts: 3, leaseLosses: 18 });
    expect(planRescue([one], policyOf, now)).toEqual({
      released: [one],
      ended: [],
      deliveries: [],
    });
  });

  it('buries the job at the limit and says why', () => {
    const one = job({ attempts: 3, leaseLosses: 19 });
    expect(planRescue([one], policyOf, now)).toMatchObject({
      released: [],
      ended: [{ status: 'dead', outcome: 'lease_lost', attempts: 3, leaseLosses: 20 }],
      deliveries: [
        { item: { class: 'unknown', final: true, attempt: 4, error_code: 'lease_lost' } },
      ],
    });
  });

  it('buries a job that is no mail without a word to oltp', () => {
    const one = job({ type: 'maintenance', leaseLosses: 19 });
    expect(planRescue([one], policyOf, now)).toMatchObject({
      ended: [{ status: 'dead', outcome: 'lease_lost' }],
      deliveries: [],
    });
  });

  it('cancels a job that was to be cancelled; of its mail nobody knows', () => {
    const one = job({ cancelRequested: true });
    expect(planRescue([one], policyOf, now)).toMatchObject({
      released: [],
      ended: [{ status: 'cancelled', outcome: 'cancelled', leaseLosses: 1 }],
      deliveries: [{ item: { class: 'unknown', final: true } }],
    });
  });
});
