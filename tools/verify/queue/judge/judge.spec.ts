import { describe, expect, it } from '@jest/globals';
import type { JournalLine } from '../worker/journal-line.ts';
import type { Facts } from './facts.ts';
import { judge } from './judge.ts';
import { losersOf, withLosses } from './lease-losses.ts';

const plan = { work_ms: 1, slow: false, defers: 0, ends: 'delivered', poison: false } as const;
const job = { tenantId: 't', id: 'j', priority: 0, rateKey: 'm', maxAttempts: 3, plan };
const line = { pid: 1, job: 'j', tenant: 't' };
const end = {
  ...{ id: 'j', status: 'completed', outcome: 'delivered', attempts: 1, maxAttempts: 3 },
  ...{ leaseLosses: 0, leasedBy: 'w1' },
};

const begin = (worker: string, at: number): JournalLine => ({
  ...{ ...line, worker, at, lease: `lease of ${worker}`, event: 'begin', attempt: 1 },
});
const answer = (worker: string, at: number, accepted: boolean): JournalLine => ({
  ...{ ...line, worker, at, lease: `lease of ${worker}`, event: 'answer', kind: 'delivered' },
  accepted,
});

const facts = (changes: Partial<Facts>): Facts => ({
  jobs: [job],
  ended: [end],
  tries: [],
  letters: new Map(),
  left: 0,
  journal: [begin('w1', 1), answer('w1', 2, true)],
  strikes: [],
  losesAnswers: false,
  ...changes,
});
const killed = { worker: 'w1', at: 2, held: new Set(['j']), forGood: true };
const again = [begin('w1', 1), begin('w2', 5_000), answer('w2', 5_001, true)];
const wrongOf = (changes: Partial<Facts>) =>
  judge(facts(changes), { againWithinMs: 6_000 }).violations;

describe('the judge of the fault suite', () => {
  it('finds nothing wrong with a job that ran once', () => {
    expect(wrongOf({})).toEqual({});
  });

  it('counts work that a crash has caused, and when it was begun again', () => {
    const ended = [{ ...end, leasedBy: 'w2', leaseLosses: 1 }];
    const verdict = judge(facts({ ended, journal: again, strikes: [killed] }), {
      againWithinMs: 6_000,
    });
    expect(verdict).toMatchObject({ repeats: 1, againMs: 4_998, violations: {} });
  });

  it('sees work that was begun twice without a cause', () => {
    expect(wrongOf({ ended: [{ ...end, leasedBy: 'w2' }], journal: again })).toEqual({
      repeated_without_cause: 1,
    });
  });

  it('sees a crash that nobody has followed up in time', () => {
    const ended = [{ ...end, leasedBy: 'w2', leaseLosses: 1 }];
    const late = [begin('w1', 1), begin('w2', 9_000), answer('w2', 9_001, true)];
    expect(wrongOf({ ended, journal: late, strikes: [killed] })).toEqual({ begun_again_late: 1 });
  });

  it('sees a result that was taken from somebody else than the holder', () => {
    const ended = [{ ...end, leasedBy: 'w2', leaseLosses: 1 }];
    const stale = [begin('w1', 1), begin('w2', 5_000), answer('w1', 5_001, true)];
    expect(wrongOf({ ended, journal: stale, strikes: [killed] })).toEqual({
      accepted_from_other_than_holder: 1,
    });
  });

  it('sees results that were taken and not kept, and jobs that are left or ended twice', () => {
    expect(wrongOf({ ended: [], left: 1 })).toEqual({
      ...{ accepted_but_not_kept: 1, left: 1, not_ended_once: 1, repeated_without_cause: 1 },
    });
    expect(wrongOf({ ended: [end, end] })).toEqual({ not_ended_once: 1 });
  });

  it('sees leases that were lost without a cause, tries beyond the limit, and a wrong end', () => {
    expect(wrongOf({ ended: [{ ...end, leaseLosses: 1 }] })).toEqual({
      lease_lost_without_cause: 1,
    });
    const tries = [1, 2, 3].map((attempt) => ({
      ...{ id: 'j', attempt, outcome: 'deferred', leasedBy: 'w1' },
    }));
    const journal = [{ ...begin('w1', 1), attempt: 4 } as JournalLine, answer('w1', 2, true)];
    expect(wrongOf({ ended: [{ ...end, attempts: 4 }], tries, journal })).toEqual({
      too_many_attempts: 1,
    });
    expect(wrongOf({ ended: [{ ...end, outcome: 'bounced' }] })).toMatchObject({
      other_outcome: 1,
    });
  });

  it('sees a try that is not kept', () => {
    expect(wrongOf({ ended: [{ ...end, attempts: 2 }] })).toMatchObject({ tries_not_kept: 1 });
  });

  it('lets a struck worker lose what it was leased late, and no other worker anything', () => {
    const ended = [{ ...end, leasedBy: 'w2', leaseLosses: 1 }];
    const struck = [{ ...killed, held: new Set<string>() }];
    const lost = [{ id: 'j', leasedBy: 'w1' }];
    expect(wrongOf({ ended, journal: again, strikes: withLosses(struck, lost) })).toEqual({});
    const others = [{ id: 'j', leasedBy: 'w2' }];
    expect(wrongOf({ ended, journal: again, strikes: withLosses(struck, others) })).toEqual({
      ...{ lease_lost_without_cause: 1, repeated_without_cause: 1 },
    });
    expect([losersOf(struck, lost).size, losersOf(struck, others).get('w2')]).toEqual([0, 1]);
  });
});
