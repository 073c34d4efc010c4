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
 * The first time after `after`. Times that a clock change leaves out run at its end, once (02:15 and
 * 02:45 at 03:00); one that it makes happen twice runs the first time only. Where minutes or hours have
 * `*` it is a rhythm instead: what is left out is left out, and what comes twice runs twice.
 * @throws CronError when the expression does not parse, the zone is unknown or no time ever fits
 */
export function nextTime({ cron, timeZone }: CronTime, after: Date): Date {
  const next = compute(cron, timeZone, after);
  if (!next) throw new CronError(`no time fits ${cron}`);
  return next;
}

function compute(cron: string, timezone: string, after: Date): Date | null {
  try {
    const rules = { timezone, mode: '5-part', fixedTimeRule: 'no-wildcard', paused: true } as const;
    return new Cron(cron, rules).nextRun(after);
  } catch (error) {
    throw new CronError(`${cron} in ${timezone} is no recurring time`, { cause: error });
  }
}
