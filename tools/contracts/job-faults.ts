import type { ContractFolder, Schema } from './contract-folders.ts';

const REPORTS = ['delivery', 'nothing'];
const MISSED_RUNS = ['skip', 'run_once', 'run_all'];
const OUTCOMES = ['completed', 'cancelled', 'expired', 'dead'];
/** As the partitions of history are kept by the queue (migration 1764000112000). */
const LONGEST_DAYS = 90;

/** What the declaration of one job type lacks or contradicts, one sentence each. */
export function jobFaults({ name, meta, schema }: ContractFolder): string[] {
  const limit = meta.waiting_limit_seconds;
  const faults = [
    REPORTS.includes(String(meta.reports)) ? '' : 'reports is delivery or nothing',
    limit === undefined || isPositive(limit) ? '' : 'waiting_limit_seconds is a positive integer',
    hasRetention(meta.retention_days) ? '' : `retention_days has 1 to ${LONGEST_DAYS} by outcome`,
    ...scheduleFaults(meta.schedule as Schema | undefined, schema),
  ];
  return faults.filter(Boolean).map((fault) => `job type ${name}: ${fault}`);
}

function scheduleFaults(schedule: Schema | undefined, payload: Schema): string[] {
  if (!schedule) return [];
  const { cron, time_zone: timeZone, missed_runs: missedRuns } = schedule;
  return [
    String(cron).split(' ').length === 5 ? '' : 'cron has five fields',
    isTimeZone(timeZone) ? '' : 'time_zone is a name of the IANA data base',
    MISSED_RUNS.includes(String(missedRuns)) ? '' : 'missed_runs is skip, run_once or run_all',
    payload.required === undefined ? '' : 'a scheduled job has no payload, so it can require none',
  ];
}

function hasRetention(days: unknown): boolean {
  const given = Object.entries((days ?? {}) as Record<string, unknown>);
  const isWhole = OUTCOMES.every((outcome) => given.some(([name]) => name === outcome));
  return isWhole && given.every(([, value]) => isPositive(value) && Number(value) <= LONGEST_DAYS);
}

function isPositive(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0;
}

function isTimeZone(name: unknown): boolean {
  return typeof name === 'string' && (name === 'UTC' || knownTimeZones.has(name));
}

const knownTimeZones = new Set(Intl.supportedValuesOf('timeZone'));
