import { describe, expect, it } from '@jest/globals';
import { jobTypes, newId } from '@penguinmails/contracts';
import { JobTypeError, JobTypes } from '../job-type/job-types.js';
import { allotBatches, UNLIMITED, usesOfBatches } from './batch-allot.js';
import { recipientId } from './batch-key.js';
import { planBatchRescue } from './batch-loss.js';
import { type BatchMove, type BatchStatus, IllegalBatchMove, nextBatchStatus } from './batch.js';
import { batchOutcomes, countEnds, outcomeBytes, outcomesOf } from './batch-outcome.js';
import { type BatchTypeDeclaration, BatchTypes } from './batch-types.js';
import type { LeasedBatch } from './leased-batch.js';
import { planReport } from './report-plan.js';
import type { RunningBatch } from './running-batch.js';

const STATES: BatchStatus[] = ['scheduled', 'ready', 'running', 'completed', 'dead', 'cancelled'];
const MOVES: Record<BatchMove, Partial<Record<BatchStatus, BatchStatus>>> = {
  fall_due: { scheduled: 'ready' },
  claim: { ready: 'running' },
  checkpoint: { running: 'running' },
  give_back: { running: 'ready' },
  put_off: { running: 'scheduled' },
  lose_lease: { running: 'ready' },
  complete: { running: 'completed' },
  bury: { running: 'dead' },
  cancel: { scheduled: 'cancelled', ready: 'cancelled' },
};
const cases = STATES.flatMap((state) =>
  (Object.keys(MOVES) as BatchMove[]).map((move) => ({ state, move, next: MOVES[move][state] })),
);

describe('the states of a batch', () => {
  it.each(cases.filter(({ next }) => next))('$state, $move: $next', ({ state, move, next }) => {
    expect(nextBatchStatus(state, move)).toBe(next);
  });

  it.each(cases.filter(({ next }) => !next))('$state cannot $move', ({ state, move }) => {
    expect(() => nextBatchStatus(state, move)).toThrow(IllegalBatchMove);
  });
});

describe('outcomes as bytes', () => {
  const all = batchOutcomes.flatMap((outcome) => [
    { outcome, hasLeft: false },
    { outcome, hasLeft: true },
  ]);

  it('are read as they were written, one byte each', () => {
    const bytes = outcomeBytes(all);
    expect(bytes).toHaveLength(all.length);
    expect(new Set(bytes).size).toBe(all.length);
    expect(outcomesOf(bytes)).toEqual(all);
  });

  it('keep their codes: they are stored', () => {
    expect([...outcomeBytes(all)]).toEqual([1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22]);
  });

  it.each([0, 7, 16, 23, 33, 255])('%i stands for nothing', (byte) => {
    expect(() => outcomesOf(Buffer.from([byte]))).toThrow(RangeError);
  });

  it('count those whose recipient did not leave, and the dead among them', () => {
    expect(countEnds(outcomeBytes(all))).toEqual({ ended: 6, dead: 3 });
  });
});

describe('the id of a recipient', () => {
  it('is batch id + ordinal', () => {
    const id = '0197a3c2-5b1e-7c4d-8a2f-3e4d5c6b0000';
    expect(recipientId(id, 0)).toBe(id);
    expect(recipientId(id, 499)).toBe('0197a3c2-5b1e-7c4d-8a2f-3e4d5c6b01f3');
  });
});

describe('types of batches', () => {
  const good: BatchTypeDeclaration = {
    type: 'wave',
    itemType: 'send_email',
    leaseMs: 26_000,
    heartbeatMs: 10_000,
    leaseLossLimit: 20,
  };

  it.each([
    ['recipients of a type that nobody declared', { itemType: 'mine_coins' }],
    ['a lease that one missed heartbeat ends', { leaseMs: 15_000 }],
    ['no heartbeat', { heartbeatMs: 0 }],
    ['no lost leases allowed', { leaseLossLimit: 0 }],
    ['another name', { type: 'other' }],
  ])('stop the boot with %s', (_what, wrong) => {
    const make = () => new BatchTypes({ wave: { ...good, ...wrong } }, new JobTypes());
    expect(make).toThrow(JobTypeError);
  });

  it('lease for as long as the shortest of them says; without any for 26 s', () => {
    const jobTypesOf = new JobTypes();
    expect(new BatchTypes({}, jobTypesOf).shortestLeaseMs()).toBe(26_000);
    const brisk = { ...good, leaseMs: 20_000 };
    expect(new BatchTypes({ wave: brisk }, jobTypesOf).shortestLeaseMs()).toBe(20_000);
  });
});

const running = (more: Partial<RunningBatch> = {}): RunningBatch => ({
  tenantId: newId(),
  batchId: '0197a3c2-5b1e-7c4d-8a2f-3e4d5c6b0000',
  type: 'wave',
  itemType: 'send_email',
  payload: { campaign_id: 'c' },
  rateKey: 'm',
  priority: 3,
  scheduledAt: '2026-11-22 10:00:00',
  n: 100,
  maxAttempts: 12,
  done: Buffer.alloc(0),
  inDoubtTo: 0,
  leaseTo: 100,
  attempts: 0,
  leaseLosses: 0,
  returns: 0,
  groupId: null,
  correlationId: null,
  traceparent: null,
  createdAt: new Date('2026-11-22T10:00:00Z'),
  startedAt: new Date('2026-11-22T10:00:01Z'),
  leasedAt: new Date('2026-11-22T10:00:01Z'),
  leasedBy: 'worker-1',
  ...more,
});
const report = (from: number, outcomes: (typeof batchOutcomes)[number][], more: object = {}) => ({
  ...{ tenant_id: 't', batch_id: 'b', lease_token: 'l', from, outcomes, details: [] },
  ...more,
});
const plan = (batch: RunningBatch, of: ReturnType<typeof report>, endsLease = true) =>
  planReport(batch, of, jobTypes.send_email, endsLease, () => 0.5);

describe('a report about a batch', () => {
  it.each([
    ['delivered', 0, 0],
    ['bounced', 0, 0],
    ['cancelled', 0, 0],
    ['deferred', 1, 0],
    ['failed', 0, 1],
    ['unknown', 0, 1],
  ] as const)('%s: %i leave, %i are buried', (outcome, leaving, buried) => {
    const made = plan(running(), report(0, [outcome]));
    expect([made.leaving.length, made.buried.length]).toEqual([leaving, buried]);
    expect(made.tries).toHaveLength(leaving + buried);
    expect(outcomesOf(made.added)).toEqual([{ outcome, hasLeft: leaving === 1 }]);
  });

  it('lets a recipient with an unknown outcome go on where the mailbox retries once', () => {
    const { leaving } = plan(running(), report(0, ['unknown'], { unknown_policy: 'retry_once' }));
    expect(leaving).toMatchObject([{ attempts: 1, unknownOutcomes: 1, delaySeconds: 60 }]);
  });

  it('buries what is deferred where one try is all', () => {
    const { buried, added } = plan(running({ maxAttempts: 1 }), report(0, ['deferred']));
    expect(buried).toMatchObject([{ outcome: 'deferred', errorCode: 'attempts_exhausted' }]);
    expect(countEnds(added)).toEqual({ ended: 1, dead: 1 });
  });

  it('adds only what the row has not', () => {
    const batch = running({ done: Buffer.alloc(5, 1) });
    const outcomes = Array.from({ length: 8 }, () => 'deferred' as const);
    expect(plan(batch, report(0, outcomes)).leaving.map(({ jobId }) => jobId.slice(-4))).toEqual([
      '0005',
      '0006',
      '0007',
    ]);
    expect(plan(batch, report(0, outcomes.slice(0, 5))).added).toHaveLength(0);
    expect(plan(batch, report(0, outcomes.slice(0, 3))).added).toHaveLength(0);
  });

  it('refuses a gap and what is beyond the lease', () => {
    const batch = running({ done: Buffer.alloc(5, 1), leaseTo: 10 });
    const code = (from: number, n: number) => {
      try {
        plan(
          batch,
          report(
            from,
            Array.from({ length: n }, () => 'delivered' as const),
          ),
        );
        return 'taken';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect([code(5, 5), code(6, 1), code(5, 6)]).toEqual([
      'taken',
      'outcomes_missing',
      'outcomes_beyond_lease',
    ]);
  });

  it('masks the reply wherever it goes', () => {
    const details = [0, 1].map((ordinal) => ({
      ...{ ordinal, code: 450, enhanced_code: null, error_code: null },
      reply: '450 ann@example.com is busy',
      started_at: '2026-11-22T10:00:00Z',
      finished_at: '2026-11-22T10:00:01Z',
    }));
    const text = JSON.stringify(plan(running(), report(0, ['deferred', 'failed'], { details })));
    expect(text).not.toContain('ann@');
    expect(text).toContain('<address> is busy');
  });

  it.each([
    ['the last outcome', 0, 100, undefined, 0, { kind: 'end', status: 'completed' }],
    ['some outcomes', 0, 10, undefined, 3, { kind: 'release', delaySeconds: null, returns: 0 }],
    ['a wish', 0, 10, 5_000, 0, { kind: 'release', delaySeconds: 5, returns: 0 }],
    ['nothing, once', 0, 0, undefined, 0, { kind: 'release', delaySeconds: null, returns: 1 }],
    ['nothing, again', 0, 0, undefined, 2, { kind: 'release', delaySeconds: 2, returns: 3 }],
  ] as const)('at the end of a lease, with %s', (_what, from, n, wish, returns, step) => {
    const outcomes = Array.from({ length: n }, () => 'delivered' as const);
    const of = report(from, outcomes, { retry_after_ms: wish });
    expect(plan(running({ returns }), of).step).toEqual(step);
    expect(plan(running({ returns }), of, false).step).toEqual({ kind: 'go_on' });
  });
});

describe('a lost lease of a batch', () => {
  const lostWith = (more: Partial<RunningBatch>) =>
    planBatchRescue([running(more)], () => 20).released.map(({ inDoubtTo }) => inDoubtTo);

  it('leaves one step behind the checkpoint in doubt, within its lease', () => {
    expect(lostWith({})).toEqual([50]);
    expect(lostWith({ done: Buffer.alloc(70, 1) })).toEqual([100]);
    expect(lostWith({ leaseTo: 30 })).toEqual([30]);
  });

  it('forgets no older doubt', () => {
    expect(lostWith({ leaseTo: 10, inDoubtTo: 50 })).toEqual([50]);
  });

  it('ends a batch that was done, even at the limit', () => {
    const done = running({ done: Buffer.alloc(100, 1), leaseLosses: 19 });
    const { released, ended } = planBatchRescue([done], () => 20);
    expect(released).toEqual([]);
    expect(ended).toMatchObject({ ends: [{ status: 'completed' }], buried: [] });
  });
});

describe('a claim of batches under limits', () => {
  const lane = (rateKey: string) => ({
    quota: { tenantId: 't', type: 'wave', rateKey, priority: 0, after: null, most: 5 },
    ...{ reader: 1, touched: 0, rewinds: 0 },
  });
  const rule = (key: string, perMinute: number | null, perDay: number | null) => ({
    ...{ tenantId: 't', key, perMinute, perDay, warmupStartedOn: null, warmupCurve: null },
  });
  const bucket = (key: string, tokens: number) => ({
    ...{ tenantId: 't', key, tokens, usedToday: 0, day: '2026-11-22', dayEndsInMs: 1_000 },
    reservedForMs: null,
  });
  const rulesOf = (...rules: ReturnType<typeof rule>[]) => {
    const byKey = new Map(rules.map((each) => [each.key, each]));
    return () => byKey;
  };

  it('takes what the tightest limit leaves, in recipients', () => {
    const rules = rulesOf(rule('tenant', null, 100), rule('mailbox:a', 600, null));
    const { allowed } = allotBatches([lane('a')], rules, [
      bucket('tenant', 1),
      bucket('mailbox:a', 30),
    ]);
    expect(allowed.map(({ recipients }) => recipients)).toEqual([30]);
  });

  it('shares a common limit equally, and holds lanes that get nothing', () => {
    const rules = rulesOf(rule('tenant', null, 2));
    const lanes = [lane('a'), lane('b'), lane('c')];
    const { allowed, held } = allotBatches(lanes, rules, [bucket('tenant', 1)]);
    expect(allowed.map(({ recipients }) => recipients)).toEqual([1, 1]);
    expect(held.map(({ lane: { quota } }) => quota.rateKey)).toEqual(['c']);
  });

  it('leaves a lane without limits alone', () => {
    const { allowed } = allotBatches([lane('a')], rulesOf(), []);
    expect(allowed.map(({ recipients }) => recipients)).toEqual([UNLIMITED]);
  });

  it('is charged one for each recipient that its leases are for', () => {
    const rules = rulesOf(rule('tenant', null, 100), rule('mailbox:a', 600, null));
    const leased = (resumeAt: number, leaseTo: number, rateKey: string) =>
      ({ tenantId: 't', rateKey, resumeAt, leaseTo }) as LeasedBatch;
    const uses = usesOfBatches([leased(0, 50, 'a'), leased(90, 100, 'b')], rules);
    expect(uses.map(({ key, used }) => [key, used])).toEqual([
      ['mailbox:a', 50],
      ['tenant', 60],
    ]);
  });
});
