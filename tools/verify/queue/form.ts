/** Limits of job types, for all processes of a run. */
export interface JobLimits {
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly leaseLossLimit: number;
  /** Every wait before another try. */
  readonly waitSeconds: number;
}

/** How large a run is. */
export interface Form {
  readonly name: 'long' | 'short';
  readonly limits: JobLimits;
  /** Of the round with the poison job: losing twenty leases as declared takes 9 minutes. */
  readonly poisonLimits: JobLimits;
  /** Jobs of all rounds together. */
  readonly jobs: number;
  /** How often each kind of process is killed. */
  readonly kills: number;
  /** Longer than a lease. */
  readonly awayMs: number;
  /** Work of a slow job: longer than it takes until a worker that was away reports it again. */
  readonly slowMs: number;
  /** Crashed work is begun again so long after the crash at most. */
  readonly againWithinMs: number;
  /** A round must have come to rest so long after its last fault. */
  readonly settledWithinMs: number;
  /** PostgreSQL flushes what it acknowledges. */
  readonly durable: boolean;
}

/** Leases as declared. */
export const longForm: Form = {
  name: 'long',
  limits: { leaseMs: 26_000, heartbeatMs: 10_000, leaseLossLimit: 20, waitSeconds: 2 },
  poisonLimits: { leaseMs: 3_000, heartbeatMs: 1_000, leaseLossLimit: 20, waitSeconds: 2 },
  jobs: 20_000,
  kills: 3,
  awayMs: 36_000,
  slowMs: 18_000,
  againWithinMs: 30_000,
  settledWithinMs: 120_000,
  durable: true,
};

export const shortForm: Form = {
  name: 'short',
  limits: { leaseMs: 4_000, heartbeatMs: 1_200, leaseLossLimit: 4, waitSeconds: 1 },
  poisonLimits: { leaseMs: 4_000, heartbeatMs: 1_200, leaseLossLimit: 4, waitSeconds: 1 },
  jobs: 2_000,
  kills: 1,
  awayMs: 5_500,
  slowMs: 4_000,
  againWithinMs: 10_000,
  settledWithinMs: 120_000,
  durable: false,
};

/** The module that gives every process these limits. */
export function limitsPreload(limits: JobLimits): string {
  const url = new URL('preloads/job-type-limits.ts', import.meta.url);
  for (const [name, value] of Object.entries(limits)) url.searchParams.set(name, String(value));
  return url.href;
}
