import { describe, expect, it } from '@jest/globals';
import { decideReap, type ReapCandidate } from './reaper-decision.js';

const HOUR = 3600;
const graces = { pending: 24 * HOUR, denied: 12 * HOUR, askAgain: HOUR };
const now = new Date('2026-11-22T12:00:00Z');
const ago = (hours: number) => new Date(now.getTime() - hours * HOUR * 1000);
const pending = (hours: number): ReapCandidate => ({
  state: 'pending',
  stateChangedAt: ago(hours),
  askedAt: null,
  deniedAt: null,
});
const condemned = (askedHours: number, deniedHours: number | null): ReapCandidate => ({
  state: 'condemned',
  stateChangedAt: ago(100),
  askedAt: ago(askedHours),
  deniedAt: deniedHours === null ? null : ago(deniedHours),
});
const decide = (content: ReapCandidate, lag: number | undefined = 0) =>
  decideReap(content, now, graces, lag);

describe('the reaper', () => {
  it('condemns what waited longer than the grace, to the second', () => {
    expect(decide(pending(23.999))).toBe('keep');
    expect(decide(pending(24))).toBe('condemn');
  });

  it('asks again when no answer came', () => {
    expect(decide(condemned(0.9, null))).toBe('keep');
    expect(decide(condemned(1, null))).toBe('ask_again');
  });

  it('never deletes without a denial, however old', () => {
    expect(decide(condemned(100_000, null))).toBe('ask_again');
    expect(decide(pending(100_000))).toBe('condemn');
  });

  it('deletes only after the second grace', () => {
    expect(decide(condemned(20, 11.999))).toBe('keep');
    expect(decide(condemned(20, 12))).toBe('delete');
  });

  it('keeps everything while claims may be on their way unread', () => {
    expect(decide(condemned(20, 13), 12 * HOUR)).toBe('keep');
    expect(decide(condemned(20, 13), 12 * HOUR - 1)).toBe('delete');
    expect(decideReap(condemned(20, 13), now, graces, undefined)).toBe('keep');
  });

  it.each(['attached', 'archived'] as const)('leaves what is %s alone', (state) => {
    expect(decide({ ...condemned(100, 100), state })).toBe('keep');
  });
});
