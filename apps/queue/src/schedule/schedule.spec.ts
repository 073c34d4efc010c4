import { describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { CronError } from './cron-times.js';
import { type DueSchedule, jobsOf, planRuns } from './schedule.js';

const due = (more: Partial<DueSchedule> = {}): DueSchedule => ({
  tenantId: newId(),
  id: newId(),
  type: 'maintenance',
  payload: {},
  priority: 0,
  cron: '0 * * * *',
  timeZone: 'UTC',
  missedRuns: 'skip',
  nextRunAt: new Date('2026-11-23T10:00:00Z'),
  ...more,
});
const plan = (now: string, more: Partial<DueSchedule> = {}) => {
  const { times, nextRunAt } = planRuns(due(more), new Date(`2026-11-${now}Z`));
  return { times: times.map(short), next: short(nextRunAt) };
};
const short = (time: Date) => time.toISOString().slice(8, 16);

describe('the runs of a schedule', () => {
  it.each(['skip', 'run_once', 'run_all'] as const)(
    'are one when it is on time: %s',
    (missedRuns) => {
      expect(plan('23T10:00:01', { missedRuns })).toEqual({
        times: ['23T10:00'],
        next: '23T11:00',
      });
      expect(plan('23T10:01:00', { missedRuns }).times).toEqual(['23T10:00']);
    },
  );

  it('are left out when they were missed, one of many or the only one', () => {
    expect(plan('23T10:01:01')).toEqual({ times: [], next: '23T11:00' });
    expect(plan('25T10:30:00')).toEqual({ times: [], next: '25T11:00' });
  });

  it('are left out only as far as they were missed: one that is on time is started', () => {
    const everyMinute = { cron: '* * * * *' };
    expect(plan('23T10:01:30', everyMinute)).toEqual({ times: ['23T10:01'], next: '23T10:02' });
    expect(plan('23T12:30:00', everyMinute)).toEqual({
      times: ['23T12:29', '23T12:30'],
      next: '23T12:31',
    });
    expect(plan('23T10:01:00', everyMinute).times).toEqual(['23T10:00', '23T10:01']);
  });

  it('are one for all that were missed, and then go on from now', () => {
    const missedRuns = 'run_once';
    expect(plan('25T10:30:00', { missedRuns })).toEqual({ times: ['23T10:00'], next: '25T11:00' });
  });

  it('are each of those that were missed, so many at once and the others next', () => {
    const missedRuns = 'run_all';
    const few = plan('23T13:30:00', { missedRuns });
    expect(few.times).toEqual(['23T10:00', '23T11:00', '23T12:00', '23T13:00']);
    expect(few.next).toBe('23T14:00');
    const many = plan('30T00:00:00', { missedRuns });
    expect([many.times.length, many.times.at(-1), many.next]).toEqual([
      100,
      '27T13:00',
      '27T14:00',
    ]);
  });

  it('are jobs whose key is the schedule and the time', () => {
    const schedule = due({ priority: 3 });
    const [job] = jobsOf(planRuns(schedule, schedule.nextRunAt));
    expect(job).toMatchObject({
      tenantId: schedule.tenantId,
      type: 'maintenance',
      priority: 3,
      scheduledAt: '2026-11-23T10:00:00.000Z',
      dedupeKey: `schedule:${schedule.id}:2026-11-23T10:00:00.000Z`,
    });
  });

  it('are none of a schedule that can never run', () => {
    const now = new Date('2026-11-23T10:00:00Z');
    expect(() => planRuns(due({ cron: 'soon' }), now)).toThrow(CronError);
    expect(() => planRuns(due({ payload: { folder: '/' } }), now)).toThrow('maintenance: / breaks');
  });
});
