import { describe, expect, it } from '@jest/globals';
import { jobTypes } from '@penguinmails/contracts';
import { JobTypeError, JobTypes } from './job-types.js';

const good = jobTypes.send_email;
const schedule = (cron: string, timeZone = 'UTC') => ({
  cron,
  timeZone,
  missedRuns: 'skip' as const,
});

describe('the declared job types', () => {
  it('are complete as the contracts declare them', () => {
    expect(new JobTypes().all().map(({ type }) => type)).toEqual(Object.keys(jobTypes));
  });

  it.each([
    ['no tries', { maxAttempts: 0 }],
    ['no waits between tries', { backoffSeconds: [] }],
    ['a wait of nothing', { backoffSeconds: [60, 0] }],
    ['a jitter that turns round', { jitter: { min: 1.2, max: 0.8 } }],
    ['a lease that one missed heartbeat ends', { leaseMs: 15_000 }],
    ['no lost leases allowed', { leaseLossLimit: 0 }],
    ['another name', { type: 'other' }],
    ['a waiting limit of nothing', { waitingLimitSeconds: 0 }],
    ['a schedule that no time fits', { schedule: schedule('0 0 30 2 *') }],
    ['a schedule that does not parse', { schedule: schedule('hourly') }],
    ['a schedule somewhere else', { schedule: schedule('0 * * * *', 'Mars/Olympus') }],
  ])('stop the boot with %s', (_what, wrong) => {
    expect(() => new JobTypes({ send_email: { ...good, ...wrong } })).toThrow(JobTypeError);
  });

  it('refuse a type that nobody declared, but let its jobs be rescued and finished', () => {
    const types = new JobTypes();
    expect(() => types.get('mine_coins')).toThrow(JobTypeError);
    expect(types.policyOf('mine_coins')).toMatchObject({
      leaseLossLimit: 20,
      reports: 'nothing',
      unknownRetries: 0,
    });
    expect(types.policyOf('send_email')).toBe(jobTypes.send_email);
  });
});
