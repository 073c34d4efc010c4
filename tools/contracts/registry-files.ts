import { type ContractFolder, moduleName, type Schema } from './contract-folders.ts';

/** Source of `event-declarations.ts`: every meta.json, by type. */
export function eventDeclarationsFile(events: readonly ContractFolder[]): string {
  const declarations = events.map((event) => [eventType(event), eventDeclaration(event)]);
  return [
    "import type { EventDeclaration } from '../event-declaration.js';",
    "import type { EventType } from '../event-types.js';",
    '',
    'export const eventDeclarations: Readonly<Record<EventType, EventDeclaration>> =',
    `${JSON.stringify(Object.fromEntries(declarations))};`,
  ].join('\n');
}

/** `email.accepted.v1` → `penguinmails.email.accepted.v1`. */
export function eventType(event: ContractFolder): string {
  return `penguinmails.${event.name}`;
}

function eventDeclaration(event: ContractFolder): Record<string, unknown> {
  const { retention_days: retentionDays, ...meta } = event.meta;
  return { type: eventType(event), ...meta, retentionDays };
}

/** Source of `job-types.ts`: every meta.json of jobs/, by type. */
export function jobTypesFile(jobs: readonly ContractFolder[]): string {
  const declarations = jobs.map((job) => [job.name, jobDeclaration(job)]);
  return [
    "import type { JobType, JobTypeDeclaration } from '../job-types.js';",
    '',
    '/** Every job type, by name. */',
    'export const jobTypes: Readonly<Record<JobType, JobTypeDeclaration>> =',
    `${JSON.stringify(Object.fromEntries(declarations))};`,
  ].join('\n');
}

function jobDeclaration(job: ContractFolder): Record<string, unknown> {
  const { meta } = job;
  const backoffSeconds = meta.backoff_seconds as number[];
  return {
    type: job.name,
    summary: meta.summary,
    reports: meta.reports,
    maxAttempts: backoffSeconds.length + 1,
    backoffSeconds,
    jitter: meta.jitter,
    unknownRetries: meta.unknown_retries,
    leaseLossLimit: meta.lease_loss_limit,
    leaseMs: meta.lease_ms,
    heartbeatMs: meta.heartbeat_ms,
    waitingLimitSeconds: meta.waiting_limit_seconds ?? null,
    schedule: scheduleDeclaration(meta.schedule as Schema | undefined),
    retentionDays: meta.retention_days,
  };
}

function scheduleDeclaration(schedule: Schema | undefined): Record<string, unknown> | null {
  if (!schedule) return null;
  const { cron, time_zone: timeZone, missed_runs: missedRuns } = schedule;
  return { cron, timeZone, missedRuns };
}

/** Source of a module that maps each contract's name to its generated checks. */
export function checksFile(
  contracts: readonly ContractFolder[],
  { map, keyType, keyModule, keyPrefix }: ChecksMap,
): string {
  const imports = contracts.map(
    (contract, index) => `import * as c${index} from './validators/${moduleName(contract)}.js';`,
  );
  const members = contracts.map((contract, index) => `'${keyPrefix}${contract.name}': c${index},`);
  return [
    "import type { ContractChecks } from '../contract-check.js';",
    `import type { ${keyType} } from '../${keyModule}.js';`,
    ...imports,
    '',
    `export const ${map}: Readonly<Record<${keyType}, ContractChecks>> = {`,
    ...members,
    '};',
  ].join('\n');
}

/** Names used in the module that {@link checksFile} makes. */
export interface ChecksMap {
  readonly map: string;
  readonly keyType: string;
  readonly keyModule: string;
  readonly keyPrefix: string;
}
