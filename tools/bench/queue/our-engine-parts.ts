import type { ConfiguredUrls, DatabaseSettings } from '@penguinmails/database';
import type { SystemDatabase, SystemTransaction } from '@penguinmails/database';
import type { EventType } from '@penguinmails/contracts';
import type { EventWriter } from '@penguinmails/outbox';
import type { BenchJob } from './contender.ts';

/** Instances that are only handed on to other parts. */
type Part = new () => object;

interface Types {
  shortestLeaseMs(): number;
}
interface Ready {
  wake(): void;
  take<T>(
    kind: string,
    waitMs: number,
    abandoned: AbortSignal,
    claim: () => Promise<T[]>,
  ): Promise<T[]>;
  onModuleDestroy(): void;
}
interface ClaimRequest {
  types: string[];
  max: number;
  leaseToken: string;
  leaseMs: number;
  workerId: string;
}
interface Leased {
  tenantId: string;
  jobId: string;
  payload: BenchJob;
}

/** What the bench uses of apps/queue. */
export interface EngineParts {
  queueDatabaseSettings(urls: ConfiguredUrls): DatabaseSettings;
  bornAfter(ids: readonly string[]): Date;
  readonly emits: readonly EventType[];
  JobTypes: new (declared: object) => Types;
  ReadyJobs: new () => Ready;
  JobEndSystemRepository: Part;
  FinishSystemRepository: Part;
  RescueSystemRepository: Part;
  EnqueueSystemRepository: new () => {
    enqueue(tx: SystemTransaction, jobs: readonly object[], born: Date): Promise<number>;
  };
  LeaseSystemRepository: new () => {
    claim(tx: SystemTransaction, request: ClaimRequest): Promise<Leased[]>;
  };
  FinishJobs: new (
    database: SystemDatabase,
    repository: object,
    endings: object,
    events: EventWriter,
    types: Types,
    ready: Ready,
  ) => { execute(results: readonly object[]): Promise<{ refused: readonly string[] }> };
  RescueJobs: new (
    database: SystemDatabase,
    repository: object,
    endings: object,
    events: EventWriter,
    types: Types,
    ready: Ready,
  ) => object;
  QueueClock: new (
    rescue: object,
    log: Record<'warn' | 'error', (fields: object, message: string) => void>,
  ) => { onApplicationBootstrap(): void; onModuleDestroy(): Promise<void> };
}

const FILES = [
  'persistence/queue-database',
  'job/born-after',
  'job/job-end.system.repository',
  'queue.events',
  'job-type/job-types',
  'lease/ready-jobs',
  'lease/lease.system.repository',
  'enqueue/enqueue.system.repository',
  'finish/finish.system.repository',
  'finish/finish-jobs',
  'rescue/rescue.system.repository',
  'rescue/rescue-jobs',
  'rescue/queue-clock',
];

/** Not the app's public face: Nest puts these together in the service. */
export async function loadEngine(): Promise<EngineParts> {
  const modules = await Promise.all(FILES.map(load));
  return Object.assign({}, ...modules) as EngineParts;
}

function load(file: string): Promise<object> {
  const { href } = new URL(`../../../apps/queue/dist/${file}.js`, import.meta.url);
  return import(href) as Promise<object>;
}
