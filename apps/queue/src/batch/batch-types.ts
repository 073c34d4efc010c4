import { JobTypeError } from '../job-type/job-types.js';

/** What the queue has to know of a type of batches. */
export interface BatchTypeDeclaration {
  readonly type: string;
  /** Job type of a recipient that leaves the batch to be tried again. */
  readonly itemType: string;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** Lost leases after which the batch is dead. */
  readonly leaseLossLimit: number;
}

export type BatchTypeDeclarations = Readonly<Record<string, BatchTypeDeclaration>>;

/** Crashed work is begun again within 30 s (ADR 28). */
const LONGEST_LEASE_MS = 26_000;
const UNDECLARED_LEASE_LOSS_LIMIT = 20;

/**
 * The declared types of batches, by name.
 * @throws JobTypeError when a declaration could not be run by the queue
 */
export class BatchTypes {
  private readonly byName: ReadonlyMap<string, BatchTypeDeclaration>;

  constructor(declarations: BatchTypeDeclarations, jobTypes: { has(name: string): boolean }) {
    for (const [name, declared] of Object.entries(declarations)) {
      const isItemKnown = jobTypes.has(declared.itemType);
      if (!isItemKnown || !isComplete(name, declared))
        throw new JobTypeError(`batch type ${name} has no complete definition`);
    }
    this.byName = new Map(Object.entries(declarations));
  }

  names(): string[] {
    return [...this.byName.keys()];
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** @throws JobTypeError for a type that nobody declared */
  get(name: string): BatchTypeDeclaration {
    const declared = this.byName.get(name);
    if (!declared) throw new JobTypeError(`batch type ${name} is not declared`);
    return declared;
  }

  /** The lease that suits every type, in milliseconds. */
  shortestLeaseMs(): number {
    return Math.min(LONGEST_LEASE_MS, ...[...this.byName.values()].map(({ leaseMs }) => leaseMs));
  }

  /** Known for every row: a type that is not declared any more must not stop the rescue of others. */
  leaseLossLimit(name: string): number {
    return this.byName.get(name)?.leaseLossLimit ?? UNDECLARED_LEASE_LOSS_LIMIT;
  }
}

function isComplete(name: string, declared: BatchTypeDeclaration): boolean {
  const { type, leaseMs, heartbeatMs, leaseLossLimit } = declared;
  return type === name && heartbeatMs > 0 && leaseMs >= 2 * heartbeatMs && leaseLossLimit > 0;
}
