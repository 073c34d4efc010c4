/** For the gateway's OpenAPI document; apart, so that the tiers do not load @nestjs/swagger. */
export { ApiProblems } from './api-problems.js';
export { ProblemItemSchema, ProblemSchema } from './problem.schema.js';
