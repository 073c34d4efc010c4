import {
  type JobTypeDeclaration,
  jobTypes,
  type ScheduleDeclaration,
} from '@penguinmails/contracts';
import { nextTime } from '../schedule/cron-times.js';

/** A declared job type cannot be worked on; the process must not start. */
export class JobTypeError extends Error {
  override readonly name = 'JobTypeError';
  readonly slug = 'job-type-incomplete';
}

const UNDECLARED = {
  leaseLossLimit: 20,
  reports: 'nothing',
  backoffSeconds: [],
  jitter: { min: 1, max: 1 },
  unknownRetries: 0,
} as const;

/** What has to be known of the type of any job that is there. */
export type JobPolicy = Pick<JobTypeDeclaration, keyof typeof UNDECLARED>;

/** What libs/contracts declares, by name. */
export type JobTypeDeclarations = Readonly<Record<string, JobTypeDeclaration>>;

/**
 * The declared types, for looking up by the name in a row or request.
 * @throws JobTypeError when a declaration could not be run by the queue
 */
export class JobTypes {
  private readonly byName: ReadonlyMap<string, JobTypeDeclaration>;

  constructor(declarations: JobTypeDeclarations = jobTypes) {
    Object.entries(declarations).forEach(([name, declared]) => assertComplete(name, declared));
    this.byName = new Map(Object.entries(declarations));
  }

  all(): JobTypeDeclaration[] {
    return [...this.byName.values()];
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** The lease that suits every type, in milliseconds: a heartbeat renews jobs of several. */
  shortestLeaseMs(): number {
    return Math.min(...this.all().map(({ leaseMs }) => leaseMs));
  }

  /**
   * How a job of the type is tried again, when it is dead, and who is told. Known for every row: one whose
   * type is not declared any more, though it still runs, must not stop the finish, rescue or expiry of
   * all others. It is not tried again: nobody may ask for its type.
   */
  policyOf(name: string): JobPolicy {
    return this.byName.get(name) ?? UNDECLARED;
  }

  /** @throws JobTypeError for a type that no contract declares */
  get(name: string): JobTypeDeclaration {
    const declared = this.byName.get(name);
    if (!declared) throw new JobTypeError(`job type ${name} is not declared`);
    return declared;
  }
}

function assertComplete(name: string, declared: JobTypeDeclaration): void {
  const { type, maxAttempts, backoffSeconds, jitter, leaseMs, heartbeatMs, leaseLossLimit } =
    declared;
  const { waitingLimitSeconds, schedule } = declared;
  const complete =
    type === name &&
    maxAttempts > 0 &&
    (maxAttempts === 1 || backoffSeconds.length > 0) &&
    backoffSeconds.every((seconds) => seconds > 0) &&
    jitter.min > 0 &&
    jitter.max >= jitter.min &&
    heartbeatMs > 0 &&
    leaseMs >= 2 * heartbeatMs &&
    leaseLossLimit > 0 &&
    (waitingLimitSeconds === null || waitingLimitSeconds > 0);
  if (!complete) throw new JobTypeError(`job type ${name} has no complete definition`);
  if (schedule) assertRecurs(name, schedule);
}

function assertRecurs(name: string, schedule: ScheduleDeclaration): void {
  try {
    nextTime(schedule, new Date(0));
  } catch (error) {
    throw new JobTypeError(`job type ${name} has no usable schedule`, { cause: error });
  }
}
