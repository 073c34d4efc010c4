/**
 * Session parameters for a login whose statements all walk along an index or look rows up by their keys.
 * The planner is offered nothing else: a plan is made while a table is new or a tenant is small, kept
 * with its statement, and must still be right when both have grown (ADR 24).
 */
export const LOOK_UP_PLANS: readonly string[] = [
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'enable_material=off',
  // Answers are not kept for the next row: it may be another tenant's (ADR 25).
  'enable_memoize=off',
  // There is one good plan for each: planning anew for every call costs more than executing.
  'plan_cache_mode=force_generic_plan',
];
