/** Which dead letters are meant; what is not given does not matter. */
export interface DeadLetterFilter {
  readonly tenant_id?: string;
  readonly type?: string;
  readonly outcome?: DeadOutcome;
  readonly error_code?: string;
  /** RFC 3339; later than this. */
  readonly died_after?: string;
  readonly died_before?: string;
  /** Ids of letters, not of jobs. */
  readonly ids?: readonly string[];
}

/** What the last try of a dead job met. */
export const deadOutcomes = ['failed', 'deferred', 'unknown', 'lease_lost'] as const;
export type DeadOutcome = (typeof deadOutcomes)[number];

/** Adds a value to a statement's and gives its placeholder. */
export type Bind = (value: unknown) => string;

/** The values of a statement that is put together, and the way to add one. */
export function boundValues(): { readonly values: readonly unknown[]; readonly bind: Bind } {
  const values: unknown[] = [];
  return { values, bind: (value) => `$${values.push(value)}` };
}

/** Conditions on dead_letters as d. */
export function letterConditions(filter: DeadLetterFilter, bind: Bind): string[] {
  const { tenant_id, type, outcome, error_code, died_after, died_before, ids } = filter;
  const conditions: string[] = [];
  const add = (value: unknown, condition: (placeholder: string) => string): void => {
    if (value !== undefined) conditions.push(condition(bind(value)));
  };
  add(tenant_id, (value) => `d.tenant_id = ${value}`);
  add(type, (value) => `d.job_type = ${value}`);
  add(outcome, (value) => `d.outcome = ${value}`);
  add(error_code, (value) => `d.error_code = ${value}`);
  add(died_after, (value) => `d.died_at > ${value}`);
  add(died_before, (value) => `d.died_at < ${value}`);
  add(ids, (value) => `d.id = ANY (${value}::uuid[])`);
  return conditions;
}
