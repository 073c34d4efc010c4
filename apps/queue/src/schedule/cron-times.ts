import { Cron } from 'croner';

/** A cron expression or time zone that gives no time. */
export class CronError extends Error {
  override readonly name = 'CronError';
  readonly slug = 'cron-invalid';
}

/** A recurring time: five cron fields, read in a time zone of the IANA data base. */
export interface CronTime {
  readonly cron: string;
  readonly timeZone: string;
}

/**
 * The first time after `after`. A time that a clock change leaves out runs at its end (02:30 at
 * 03:00); one that it makes happen twice runs the first time only, unless the hours say every hour.
 * @throws CronError when the expression does not parse, the zone is unknown or no time ever fits
 */
export function nextTime({ cron, timeZone }: CronTime, after: Date): Date {
  const next = compute(cron, timeZone, after);
  if (!next) throw new CronError(`no time fits ${cron}`);
  return next;
}

function compute(cron: string, timezone: string, after: Date): Date | null {
  try {
    return new Cron(cron, { timezone, mode: '5-part', paused: true }).nextRun(after);
  } catch (error) {
    throw new CronError(`${cron} in ${timezone} is no recurring time`, { cause: error });
  }
}
