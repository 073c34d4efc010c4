import { describe, expect, it } from '@jest/globals';
import {
  IllegalJobMove,
  type JobMove,
  type JobStatus,
  nextStatus,
  statusOf,
  type StoredStatus,
} from './job.js';
import { maskedReply } from './masked-reply.js';
import {
  decide,
  type OutcomeKind,
  outcomeKinds,
  type TriedJob,
  type TriedOutcome,
} from './outcome.js';
import { type RetryPolicy, retryDelaySeconds, returnDelaySeconds } from './retry-policy.js';

const legal: Partial<Record<JobStatus, Partial<Record<JobMove, JobStatus>>>> = {
  scheduled: { fall_due: 'ready', cancel: 'cancelled', expire: 'expired' },
  ready: { claim: 'running', cancel: 'cancelled', expire: 'expired' },
  running: {
    complete: 'completed',
    retry: 'scheduled',
    return: 'ready',
    snooze: 'scheduled',
    lose_lease: 'ready',
    bury: 'dead',
    cancel: 'cancelled',
  },
};
const statuses: JobStatus[] = [
  'scheduled',
  'ready',
  'running',
  'completed',
  'dead',
  'cancelled',
  'expired',
];
const moves: JobMove[] = [
  'fall_due',
  'claim',
  'complete',
  'retry',
  'return',
  'snooze',
  'lose_lease',
  'bury',
  'cancel',
  'expire',
];
const everyPair = statuses.flatMap((status) => moves.map((move) => [status, move] as const));

const policy: RetryPolicy = {
  backoffSeconds: [60, 600, 3600],
  jitter: { min: 0.8, max: 1.2 },
  unknownRetries: 1,
};
const fresh: TriedJob = {
  attempts: 0,
  maxAttempts: 4,
  unknownOutcomes: 0,
  returns: 0,
  cancelRequested: false,
};
const HALF = 0.5;

describe('the states of a job', () => {
  it.each(everyPair)('%s, %s: goes where the picture says or is refused', (status, move) => {
    const expected = legal[status]?.[move];
    if (expected) expect(nextStatus(status, move)).toBe(expected);
    else expect(() => nextStatus(status, move)).toThrow(IllegalJobMove);
  });

  it.each<[StoredStatus, number, JobStatus]>([
    ['running', 1000, 'running'],
    ['pending', 1, 'scheduled'],
    ['pending', 0, 'ready'],
    ['pending', -1000, 'ready'],
  ])('a stored %s row, due in %i ms, is seen as %s', (status, dueInMs, seen) => {
    const now = new Date('2026-01-01T00:00:00Z');
    expect(statusOf({ status, scheduledAt: new Date(now.getTime() + dueInMs) }, now)).toBe(seen);
  });
});

describe('what becomes of a job after a try', () => {
  const after = (
    kind: OutcomeKind,
    job: Partial<TriedJob> = {},
    more: Partial<TriedOutcome> = {},
  ) => decide({ ...fresh, ...job }, { kind, ...more }, policy, HALF);

  it.each(outcomeKinds)('%s moves a running job only where the picture allows', (kind) => {
    expect(() => nextStatus('running', after(kind).move)).not.toThrow();
  });

  it('completes what the next server took and what it refused for good', () => {
    expect(after('delivered')).toEqual({ move: 'complete', attempts: 1, unknownOutcomes: 0 });
    expect(after('bounced')).toEqual({ move: 'complete', attempts: 1, unknownOutcomes: 0 });
    expect(after('succeeded')).toEqual({ move: 'complete', attempts: 1, unknownOutcomes: 0 });
  });

  it('buries a permanent failure on the first try', () => {
    expect(after('failed')).toEqual({ move: 'bury', attempts: 1, unknownOutcomes: 0 });
  });

  it('retries a deferred one by the table until its tries are used up', () => {
    expect(after('deferred')).toMatchObject({ move: 'retry', attempts: 1, delaySeconds: 60 });
    expect(after('deferred', { attempts: 2 })).toMatchObject({ move: 'retry', delaySeconds: 3600 });
    expect(after('deferred', { attempts: 3 })).toMatchObject({ move: 'bury', attempts: 4 });
  });

  it('tries an unknown outcome once more, then leaves it to a person', () => {
    expect(after('unknown')).toMatchObject({ move: 'retry', attempts: 1, unknownOutcomes: 1 });
    expect(after('unknown', { attempts: 1, unknownOutcomes: 1 })).toEqual({
      move: 'bury',
      attempts: 2,
      unknownOutcomes: 2,
    });
  });

  it('does not try an unknown outcome again where the mailbox parks it or tries are used up', () => {
    const parked = decide(fresh, { kind: 'unknown', unknownPolicy: 'park' }, policy, HALF);
    expect(parked).toEqual({ move: 'bury', attempts: 1, unknownOutcomes: 1 });
    expect(after('unknown', { attempts: 3 })).toMatchObject({ move: 'bury', attempts: 4 });
  });

  it('counts no try for a job that was cancelled or given back unstarted', () => {
    expect(after('cancelled', { attempts: 2 })).toMatchObject({ move: 'cancel', attempts: 2 });
    expect(after('returned', { attempts: 2 })).toMatchObject({ move: 'return', attempts: 2 });
  });
});

describe('a job that goes on later', () => {
  const snooze = (retryAfterSeconds?: number) =>
    decide(
      { ...fresh, attempts: 3, returns: 7 },
      { kind: 'snoozed', retryAfterSeconds },
      policy,
      0,
    );

  it('uses up no try, however often, and waits as long as it asks', () => {
    expect(snooze(3600)).toEqual({
      move: 'snooze',
      attempts: 3,
      unknownOutcomes: 0,
      delaySeconds: 3600,
    });
  });

  it('never goes on at once', () => {
    expect([snooze(), snooze(0)].map(({ delaySeconds }) => delaySeconds)).toEqual([1, 1]);
  });
});

describe('a job that somebody asked to cancel while it ran', () => {
  const after = (kind: OutcomeKind, attempts = 0) =>
    decide({ ...fresh, attempts, cancelRequested: true }, { kind }, policy, HALF).move;

  it.each(['deferred', 'unknown', 'returned', 'snoozed'] as const)(
    'is not begun again: %s',
    (kind) => {
      expect(after(kind)).toBe('cancel');
    },
  );

  it('ends as it ended when it did not hear of it in time', () => {
    expect((['succeeded', 'delivered', 'bounced'] as const).map((kind) => after(kind))).toEqual(
      Array(3).fill('complete'),
    );
    expect([after('failed'), after('deferred', 3)]).toEqual(['bury', 'bury']);
  });
});

describe('the retry schedule', () => {
  it('takes the delay of the try and repeats the last one', () => {
    expect([1, 2, 3, 4, 9].map((attempt) => retryDelaySeconds(policy, attempt, HALF))).toEqual([
      60, 600, 3600, 3600, 3600,
    ]);
  });

  it('spreads the delay by its jitter, both ways and not further', () => {
    expect(retryDelaySeconds(policy, 1, 0)).toBeCloseTo(48);
    expect(retryDelaySeconds(policy, 1, 0.999999)).toBeCloseTo(72, 3);
  });
});

describe('a job that is given back unbegun', () => {
  it('is ready at once the first time, and waits longer each time after that', () => {
    expect([0, 1, 2, 3, 4, 5, 60].map((times) => returnDelaySeconds(times))).toEqual([
      0, 1, 2, 4, 8, 10, 10,
    ]);
  });

  it('waits as long as the worker asks, doubled up to a minute', () => {
    expect([0, 1, 2, 3, 4, 60].map((times) => returnDelaySeconds(times, 5))).toEqual([
      5, 10, 20, 40, 60, 60,
    ]);
  });
});

describe('a reply that is kept', () => {
  it.each([
    ['550 5.1.1 <ann@example.com>: no such user', '550 5.1.1 <<address>>: no such user'],
    ['no user "ann b"@example.com here', 'no user <address> here'],
    ['try ann+x@[192.0.2.1], or b@c', 'try <address>, or <address>'],
    ['ünï@exämple.com gone', '<address> gone'],
    ['line one\r\nline two\u0000', 'line one line two'],
    ['250 2.0.0 OK', '250 2.0.0 OK'],
  ])('%j becomes %j', (reply, kept) => {
    expect(maskedReply(reply)).toBe(kept);
  });

  it('is at most 200 characters, and masked before it is cut', () => {
    const kept = maskedReply(`${'x '.repeat(98)}someone@example.com`);
    expect(kept).toHaveLength(200);
    expect(kept).not.toContain('someone');
  });

  it('stays absent when there was none', () => {
    expect(maskedReply(null)).toBeNull();
  });
});
