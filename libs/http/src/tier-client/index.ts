export { BREAKER_OPEN } from './breaker.js';
export { TierClient, type TierClientOptions } from './tier-client.js';
export type { QueryValue, TierRequest } from './tier-request.js';
export type { AnswerHeaders, TierAnswer } from './answer.js';
export { type Deadlines, seedDeadlines } from './deadline.js';
export { RequestBudget } from './request-budget.js';
export { type GatheredCall, GatheredCalls, type GatheredOptions } from './gathered-calls.js';
