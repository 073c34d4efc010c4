import { type JobType, type MissedRuns, validateJobPayload } from '@penguinmails/contracts';
import type { JobRequest } from '../enqueue/job-request.js';
import { type CronTime, nextTime } from './cron-times.js';

/** A schedule that is due. */
export interface DueSchedule extends CronTime {
  readonly tenantId: string;
  readonly id: string;
  readonly type: JobType;
  readonly payload: object;
  readonly priority: number;
  readonly missedRuns: MissedRuns;
  readonly nextRunAt: Date;
}

/** The runs of one schedule that are started now, and when it is due again. */
export interface PlannedRuns {
  readonly schedule: DueSchedule;
  readonly times: readonly Date[];
  readonly nextRunAt: Date;
}

/** A run that starts later than this has been missed. */
export const MISSED_AFTER_MS = 60_000;

/** Missed runs of one schedule that are started in one round; more follow in the next. */
export const RUNS_PER_ROUND = 100;

/**
 * The runs that are due, by what the schedule says about missed ones: `skip` starts only what is not
 * missed, `run_once` one run however many were, `run_all` each of them.
 * @param now the database's clock
 * @throws CronError, ContractViolationError when the schedule can never run
 */
export function planRuns(schedule: DueSchedule, now: Date): PlannedRuns {
  validateJobPayload(schedule.type, schedule.payload);
  switch (schedule.missedRuns) {
    case 'run_once':
      return { schedule, times: [schedule.nextRunAt], nextRunAt: nextTime(schedule, now) };
    case 'run_all':
      return planFrom(schedule, schedule.nextRunAt, now);
    case 'skip':
      return planFrom(schedule, firstNotMissed(schedule, now), now);
  }
}

function firstNotMissed(schedule: DueSchedule, now: Date): Date {
  const since = now.getTime() - MISSED_AFTER_MS;
  if (schedule.nextRunAt.getTime() >= since) return schedule.nextRunAt;
  return nextTime(schedule, new Date(since - 1));
}

function planFrom(schedule: DueSchedule, first: Date, now: Date): PlannedRuns {
  const times: Date[] = [];
  let next = first;
  for (; next <= now && times.length < RUNS_PER_ROUND; next = nextTime(schedule, next))
    times.push(next);
  return { schedule, times, nextRunAt: next };
}

/** The jobs of planned runs; the same run is the same job, whoever asks for it again. */
export function jobsOf({ schedule, times }: PlannedRuns): JobRequest[] {
  const { tenantId, id, type, payload, priority } = schedule;
  return times.map((time) => ({
    tenantId,
    type,
    payload,
    priority,
    scheduledAt: time.toISOString(),
    dedupeKey: `schedule:${id}:${time.toISOString()}`,
    correlationId: id,
  }));
}
