import { describe, expect, it } from '@jest/globals';
import {
  accept,
  begin,
  type EmailState,
  type EmailStatus,
  emailStatuses,
  mayCancel,
  record,
} from './email.js';
import { isHardBounce, type Outcome } from './outcome.js';

const BEGUN: readonly EmailStatus[] = ['sending', 'delivered', 'bounced', 'deferred', 'unknown'];
const FINISHED: readonly EmailStatus[] = [
  'delivered',
  'bounced',
  'failed',
  'suppressed',
  'cancelled',
];

const stateOf = (status: EmailStatus, more: Partial<EmailState> = {}): EmailState => ({
  status,
  // The outcome that failed it had a number, also without a begin.
  attempt: BEGUN.includes(status) || status === 'failed' ? 1 : 0,
  begun: BEGUN.includes(status),
  finished: FINISHED.includes(status),
  ...more,
});

const outcome = (more: Partial<Outcome>): Outcome => ({
  attempt: 1,
  class: 'delivered',
  final: true,
  code: null,
  enhancedCode: null,
  errorCode: null,
  ...more,
});

const delivered = outcome({ code: 250 });
const deferred = outcome({ class: 'deferred', final: false, code: 451 });
const exhausted = outcome({ class: 'deferred', final: true, code: 451 });
const bounced = outcome({ class: 'bounced', code: 550, enhancedCode: '5.1.1' });
const failed = outcome({ class: 'failed', errorCode: 'content_missing' });
const lost = outcome({ class: 'unknown', final: false });
const lostForGood = outcome({ class: 'unknown', final: true });
const withdrawn = outcome({ class: 'cancelled', errorCode: 'cancelled' });

/** Every status × every move, as the status after it; '-' = refused or without effect. */
const TABLE: Record<EmailStatus, string> = {
  //           cancel    begin      begin, suppressed  delivered deferred exhausted bounced failed unknown unknown final cancelled
  pending:
    '   -         -          -                  -         -        -         -       -      -       -             -',
  scheduled:
    ' cancelled sending    suppressed         delivered deferred failed    bounced failed unknown unknown!      cancelled',
  queued:
    '    cancelled sending    suppressed         delivered deferred failed    bounced failed unknown unknown!      cancelled',
  sending:
    '   -         sending    suppressed         delivered deferred failed    bounced failed unknown unknown!      cancelled',
  delivered:
    ' -         -          -                  -         -        -         -       -      -       -             -',
  deferred:
    '  cancelled sending    suppressed         delivered -        failed    bounced failed -       unknown!      cancelled',
  bounced:
    '   -         -          -                  -         -        -         -       -      -       -             -',
  failed:
    '    -         -          -                  -         -        -         -       -      -       -             -',
  suppressed:
    '-         -          -                  -         -        -         -       -      -       -             -',
  cancelled:
    ' -         -          -                  -         -        -         -       -      -       -             -',
  unknown:
    '   -         sending    suppressed         delivered -        failed    bounced failed -       unknown!      cancelled',
};

const afterCancel = (state: EmailState): string => (mayCancel(state) ? 'cancelled' : '-');

const afterBegin = (state: EmailState, suppressed: boolean): string => {
  const { decision } = begin(state, Math.max(1, state.attempt), suppressed);
  return { send: 'sending', suppress: 'suppressed', refuse: '-' }[decision];
};

const afterRecord = (state: EmailState, what: Outcome): string => {
  const next = record(state, what);
  if (!next) return '-';
  return next.status + (next.status === 'unknown' && next.finished ? '!' : '');
};

const OUTCOMES = [
  delivered,
  deferred,
  exhausted,
  bounced,
  failed,
  lost,
  lostForGood,
  withdrawn,
] as const;

describe('the states of an e-mail', () => {
  it.each(emailStatuses)('every move from %s', (status) => {
    const state = stateOf(status);
    const moves = [
      afterCancel(state),
      afterBegin(state, false),
      afterBegin(state, true),
      ...OUTCOMES.map((what) => afterRecord(state, what)),
    ];
    expect(moves).toEqual(TABLE[status].trim().split(/\s+/));
  });

  it('an unknown that is final takes nothing any more', () => {
    const state = stateOf('unknown', { finished: true });
    expect(OUTCOMES.map((what) => record(state, { ...what, attempt: 9 }))).toEqual(
      OUTCOMES.map(() => null),
    );
    expect(begin(state, 1, false)).toEqual({ decision: 'refuse', reason: 'finished' });
  });

  it('an outcome finishes an e-mail exactly when no attempt can follow', () => {
    for (const what of OUTCOMES) {
      const next = record(stateOf('sending'), what);
      expect(next?.finished).toBe(what.final);
    }
  });
});

describe('accept', () => {
  it.each([
    [false, false, 'queued'],
    [true, false, 'scheduled'],
    [false, true, 'suppressed'],
    [true, true, 'suppressed'],
  ])('scheduled %s, suppressed %s → %s', (scheduled, suppressed, status) => {
    expect(accept(scheduled, suppressed)).toBe(status);
  });
});

describe('begin', () => {
  it.each([
    ['cancelled', 'cancelled'],
    ['suppressed', 'suppressed'],
    ['delivered', 'finished'],
    ['bounced', 'finished'],
    ['failed', 'finished'],
    ['pending', 'unknown_email'],
  ] as const)('refuses %s as %s, also while suppressed', (status, reason) => {
    for (const suppressed of [false, true])
      expect(begin(stateOf(status), 1, suppressed)).toEqual({ decision: 'refuse', reason });
  });

  it('counts the first attempt once', () => {
    expect(begin(stateOf('queued'), 1, false)).toEqual({ decision: 'send', firstAttempt: true });
    for (const status of ['sending', 'deferred', 'unknown'] as const)
      expect(begin(stateOf(status), 1, false)).toEqual({ decision: 'send', firstAttempt: false });
  });

  it('opens an e-mail again whose job died and was redriven: under the next number only', () => {
    for (const status of ['failed', 'unknown'] as const) {
      const state = stateOf(status, { attempt: 3, begun: true, finished: true });
      expect(begin(state, 3, false)).toEqual({ decision: 'refuse', reason: 'finished' });
      expect(begin(state, 4, false)).toEqual({ decision: 'send', firstAttempt: false });
      expect(begin(state, 4, true)).toEqual({ decision: 'suppress' });
    }
    for (const status of ['delivered', 'bounced'] as const)
      expect(begin(stateOf(status, { attempt: 3 }), 4, false).decision).toBe('refuse');
  });

  it('refuses an attempt older than the last one begun', () => {
    const state = stateOf('sending', { attempt: 3 });
    expect(begin(state, 2, false)).toEqual({ decision: 'refuse', reason: 'not_granted' });
    expect(begin(state, 3, false).decision).toBe('send');
  });
});

describe('record', () => {
  it('ignores the outcome of an attempt older than the last one', () => {
    const state = stateOf('sending', { attempt: 3 });
    for (const what of OUTCOMES) expect(record(state, { ...what, attempt: 2 })).toBeNull();
    expect(record(state, { ...delivered, attempt: 3 })?.status).toBe('delivered');
  });

  it('takes an outcome of an attempt that oltp has not begun', () => {
    expect(record(stateOf('deferred'), { ...deferred, attempt: 2 })).toMatchObject({
      status: 'deferred',
      attempt: 2,
    });
  });

  it.each([
    ['delivered', delivered, ['delivered'], null],
    ['deferred', deferred, ['delivery_delayed'], 'smtp_451'],
    ['deferred for good', exhausted, ['failed'], 'smtp_451'],
    ['bounced', bounced, ['bounced'], 'smtp_550'],
    ['failed', failed, ['failed'], 'content_missing'],
    ['unknown', lost, ['delivery_delayed'], 'outcome_unknown'],
    ['unknown for good', lostForGood, ['failed'], 'outcome_unknown'],
    ['cancelled', withdrawn, ['cancelled'], 'cancelled'],
  ])('%s is published as one fact with its code', (_name, what, facts, errorCode) => {
    expect(record(stateOf('sending'), what)).toMatchObject({ facts, errorCode });
  });

  it('publishes email.sent late for a message that was handed over without a begin', () => {
    expect(record(stateOf('queued'), delivered)?.facts).toEqual(['sent', 'delivered']);
    expect(record(stateOf('queued'), delivered)?.begun).toBe(true);
    expect(record(stateOf('queued'), deferred)?.facts).toEqual(['delivery_delayed']);
    expect(record(stateOf('queued'), deferred)?.begun).toBe(false);
  });
});

describe('isHardBounce', () => {
  it.each([
    ['5.1.1', 550, 'bounced', true],
    ['5.1.10', 556, 'bounced', true],
    ['5.2.2', 552, 'bounced', false],
    ['5.7.1', 550, 'bounced', false],
    [null, 550, 'bounced', false],
    ['4.1.1', 450, 'deferred', false],
    ['5.1.1', null, 'failed', false],
  ] as const)('%s, %s, %s → %s', (enhancedCode, code, kind, hard) => {
    expect(isHardBounce(outcome({ class: kind, code, enhancedCode }))).toBe(hard);
  });
});
