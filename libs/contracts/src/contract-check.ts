/** One finding of a generated validator, in ajv's form. Carries paths and rules, never values. */
export interface CheckFinding {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A validator compiled at generation time. `errors` belongs to its last call. */
export interface CompiledCheck {
  (data: unknown): boolean;
  errors?: readonly CheckFinding[] | null;
}

/** Both views of one schema: readers ignore unknown fields, writers may not send any. */
export interface ContractChecks {
  readonly reads: CompiledCheck;
  readonly writes: CompiledCheck;
}

/** Data does not fit its contract. The message names path and rule, never a value. */
export class ContractViolationError extends Error {
  override readonly name = 'ContractViolationError';
  constructor(
    readonly contract: string,
    readonly rule: string,
    options?: ErrorOptions,
  ) {
    super(`${contract}: ${rule}`, options);
  }
}

/** @throws ContractViolationError naming the first rule that the data breaks */
export function assertFits(contract: string, check: CompiledCheck, data: unknown): void {
  if (check(data)) return;
  throw new ContractViolationError(contract, describe(check.errors?.[0]));
}

function describe(finding: CheckFinding | undefined): string {
  if (!finding) return 'is invalid';
  return `${finding.instancePath || '/'} breaks ${finding.keyword} ${JSON.stringify(finding.params)}`;
}
